"""Rules for routes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from msctl.manifest.loaded import Loaded
from msctl.model.problem import ManifestProblem

Reader = Callable[..., Loaded]
Finder = Callable[..., tuple[ManifestProblem, ...]]
TAIL = "services:\n  orders: {image: a, scopes: [orders:read]}\n  stock: {image: b}\n"


def manifest(*routes: str, more: str = "") -> str:
    lines = "".join(f"    - {{{route}}}\n" for route in routes)
    return f"project: x\ngateway:\n  routes:\n{lines}{TAIL}{more}"


@pytest.mark.parametrize(
    ("route", "what", "hint"),
    [
        ("path: /a", "needs 'service', 'services' or 'aggregate'", "such as service: NAME"),
        ("path: /a, service: orders, services: {stock: 1}", "'service' and 'services' exclude", "keep one"),
        ("path: /a, service: order", "there is no service 'order'", "did you mean 'orders'?"),
        ("path: /a, services: {orders: 1, stok: 1}", "there is no service 'stok'", "did you mean 'stock'?"),
        ("path: /a, services: {orders: 0, stock: 0}", "all weights are 0", "give one service"),
        ("path: /a, service: orders, scopes: [orders:reed]", "no service has the scope", "'orders:read'"),
        ("path: '/a/{id}', service: orders, rewrite: '/b/{di}'", "no parameter 'di'", "did you mean 'id'?"),
        (
            "path: /a, service: orders, rewrite: '/b/{id}'",
            "no parameter 'id'",
            "parameters of the path: none",
        ),
        ("path: /a, service: orders, methods: [GET, GET]", "'GET' is listed twice", "remove one"),
        ("path: /a, service: orders, methods: GET", "'GET' is not a list", "write [GET]"),
        ("path: /a, service: orders, scope: [x]", "unknown key", "did you mean 'scopes'?"),
        (
            "path: /a, service: orders, cors: {origins: ['*'], credentials: true}",
            "any web page could act for its visitor",
            "list the origins",
        ),
        (
            "path: /a, service: orders, request_headers: {set: {Host: x}}",
            "'Host' is set by the gateway",
            "framing",
        ),
        (
            "path: /a, service: orders, request_headers: {remove: [Via]}",
            "'Via' is set by the gateway",
            "framing",
        ),
        (
            "path: /a, service: orders, response_headers: {set: {Content-Length: 5}}",
            "is set by the gateway",
            "fram",
        ),
        ("path: /a, service: orders, cors: {origin: [x]}", "unknown key", "did you mean 'origins'?"),
    ],
)
def test_one_rule_is_broken(route: str, what: str, hint: str, problems: Finder) -> None:
    (found,) = problems(manifest(route))
    assert found.line == 4
    assert what in found.what
    assert hint in str(found.hint)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("path: /a", "path: /a"),
        ("path: '/a/{id}'", "path: '/a/{name}'"),
        ("path: '/{a:path}'", "path: '/{b:path}'"),
        ("path: /a, methods: [GET, POST]", "path: /a, methods: [POST]"),
        ("path: /a", "path: /a, methods: [POST]"),
        ("path: /a, methods: [POST]", "path: /a"),
        ("path: /a, hosts: [x.de, y.de]", "path: /a, hosts: [Y.de]"),
        ("path: /a, headers: {X-A: b}", "path: /a, headers: {x-a: b}"),
    ],
)
def test_two_routes_clash(one: str, other: str, problems: Finder) -> None:
    (found,) = problems(manifest(f"{one}, service: orders", f"{other}, service: stock"))
    assert found.line == 5
    assert found.what == "the route in line 4 answers the same requests"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("path: /a", "path: /a/"),
        ("path: '/a/{id}'", "path: '/a/{rest:path}'"),
        ("path: '/a/{id}'", "path: /a/b"),
        ("path: /a, methods: [GET]", "path: /a, methods: [POST]"),
        ("path: /a, hosts: [x.de]", "path: /a"),
        ("path: /a, hosts: [x.de]", "path: /a, hosts: [y.de]"),
        ("path: /a, headers: {X-A: b}", "path: /a"),
        ("path: /a, headers: {X-A: b}", "path: /a, headers: {X-A: c}"),
    ],
)
def test_two_routes_live_together(one: str, other: str, problems: Finder) -> None:
    assert problems(manifest(f"{one}, service: orders", f"{other}, service: stock")) == ()


def test_a_clients_scopes_are_declared_somewhere(problems: Finder) -> None:
    (found,) = problems(
        manifest("path: /a, service: orders", more="auth: {clients: {web: {scopes: [orders:write]}}}\n")
    )
    assert found.path == "auth.clients.web.scopes[0]"


@pytest.mark.parametrize(
    ("gateway", "count"),
    [
        ("bind: 0.0.0.0", 1), ("bind: 10.0.0.1", 1), ("bind: 127.0.0.2", 0), ("bind: '::1'", 0),
        ("port: 80", 0),
        ("bind: 0.0.0.0, tls: {certificate: certificates/shop.pem, key: certificates/shop.key}", 0),
    ],
)  # fmt: skip
def test_an_open_door_is_a_warning(gateway: str, count: int, read: Reader) -> None:
    loaded = read(f"project: x\ngateway: {{{gateway}}}\n{TAIL}")
    assert len(loaded.warnings) == count
