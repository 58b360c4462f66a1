"""The document: what it means, and what is said about mistakes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from msctl.errors import ManifestInvalid
from msctl.gateway.config import AuthConfig, Listen, TlsConfig, breaker_settings
from msctl.gateway.loader import load, parse
from msctl.resilience.endpoints import Address

FULL = """
listen: 0.0.0.0:8080
admin: "[::1]:8081"
auth: off
errors: full
project: shop
consul: {address: http://registry:8500, token_file: /run/secrets/consul_token}
trusted_proxies: [10.0.0.0/8]
max_connections: 300
stop_grace: 5s
access_log: 10%
services:
  orders:
    instances: consul
    circuit: {failure_rate: 50%, slow_rate: 90%, slow_call: 2s, window: 30s, minimum_calls: 7, wait: 4s}
    balance: round_robin
    max_concurrent: 20
    health: /readyz
  old: {instances: [127.0.0.1:9001, "http://127.0.0.1:9002"], circuit: off}
routes:
  - path: /api/orders/{rest:path}
    services: {orders: 90, old: 10}
    rewrite: /orders/{rest}
    methods: [GET, POST]
    hosts: [shop.example]
    headers: {X-Beta: 1}
    scopes: [orders:read]
    timeout: 500ms
    retries: 1
    body_limit: 1MiB
    request_headers: {set: {X-A: b}, remove: [Cookie]}
    cors: {origins: ["https://a.example"], credentials: true, max_age: 10m}
    rate_limit: {requests: 10, per: 1s, burst: 5}
  - path: /overview/{id}
    aggregate:
      order: {call: "GET orders:/orders/{id}", required: true}
      stock: {call: "GET old:/items/{order.sku}", after: order, fallback: null, timeout: 1s}
"""


def test_everything_is_read() -> None:
    config = parse(FULL)
    assert config.listen == Listen("0.0.0.0", 8080)
    assert config.admin == Listen("::1", 8081)
    assert (config.errors, config.stop_grace, config.access_log, config.max_connections) == (
        "full",
        5.0,
        0.1,
        300,
    )
    orders, old = config.services["orders"], config.services["old"]
    assert (orders.instances, orders.health, orders.max_concurrent) == (None, "/readyz", 20)
    assert orders.circuit is not None
    settings = breaker_settings(orders.circuit)
    assert (settings.window_seconds, settings.minimum_calls, settings.slow_rate) == (30.0, 7, 0.9)
    assert old.circuit is None
    assert old.instances is not None
    assert old.instances[1] == Address("127.0.0.1:9002", "127.0.0.1", 9002)
    route, overview = config.routes
    assert (route.timeout, route.body_limit, route.headers) == (0.5, 2**20, {"X-Beta": "1"})
    assert route.rate_limit is not None
    assert route.rate_limit.burst == 5
    assert [(p.name, p.required, p.after, p.has_fallback) for p in overview.aggregate] == [
        ("order", True, (), False),
        ("stock", False, ("order",), True),
    ]


def test_json_with_numbers_as_the_orchestrator_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    circuit = {"failure_rate": 0.5, "slow_call": 2.0, "window": 20, "window_type": "count", "wait_max": None}
    document = {
        "listen": "0.0.0.0:8080",
        "admin": None,
        "auth": "off",
        "services": {"a": {"instances": ["10.0.0.1:1"], "circuit": circuit}},
        "routes": [{"path": "/", "service": "a", "timeout": 0.25, "body_limit": 5, "cors": None}],
    }
    path.write_text(json.dumps(document))
    config = load(path)
    assert config.routes[0].timeout == 0.25
    assert config.services["a"].circuit is not None
    timed = json.dumps(document).replace(
        '"window": 20, "window_type": "count"', '"window": 2.5, "window_type": "time"'
    )
    found = parse(timed).services["a"].circuit
    assert found is not None
    assert breaker_settings(found).window_seconds == 2.5


def test_whose_tokens_are_accepted_and_the_certificate(tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(
        "listen: 127.0.0.1:1\n"
        "tls: {certificate: a.crt, key: /keys/a.key}\n"
        "auth: {issuer: https://shop.example, audience: gateway, jwks: keys.json}\n"
    )
    config = load(path)
    assert config.tls == TlsConfig(str(tmp_path / "a.crt"), "/keys/a.key")
    assert config.auth == AuthConfig("https://shop.example", "gateway", str(tmp_path / "keys.json"))
    url = "http://auth:8080/.well-known/jwks.json"
    path.write_text(path.read_text().replace("keys.json", url))
    found = load(path).auth
    assert found is not None
    assert found.jwks == url


def problems(text: str) -> list[str]:
    with pytest.raises(ManifestInvalid) as caught:
        parse(text)
    return [str(problem).removeprefix("gateway.yaml:") for problem in caught.value.problems]


BASE = "listen: 127.0.0.1:1\nservices: {a: {instances: []}}\nroutes: "


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1:1: "),
        ("listen: 1\n", "1:9: listen: "),
        ("admin: 127.0.0.1:1\n", "1:1: 'listen' is missing"),
        ("listen: 127.0.0.1:99999\n", "1:9: listen: "),
        ("listen: 127.0.0.1:1\nlisten: 127.0.0.1:2\n", "2:1: listen: duplicate key"),
        ("listen: 127.0.0.1:1\nroute: []\n", "2:8: route: unknown key, did you mean 'routes'?"),
        ("listen: 127.0.0.1:1\nauth: {issuer: x}\n", "2:7: auth: "),
        ("listen: 127.0.0.1:1\nauth: yes\n", "2:7: auth: "),
        (
            "listen: 127.0.0.1:1\nauth: {issuer: x, audience: y, jwks: z, server: auth}\n",
            "2:49: auth.server: service 'auth' is not among services",
        ),
        ("listen: 127.0.0.1:1\ntls: {certificate: x}\n", "2:6: tls: "),
        (
            "listen: 127.0.0.1:1\nservices: {a: {instances: consul}}\n",
            "2:27: services.a.instances: 'consul' needs",
        ),
        (
            "listen: 127.0.0.1:1\nservices: {a_b: {instances: []}}\n",
            "2:12: services.a_b: 'a_b' is no service name",
        ),
        (BASE + "[{path: /x, service: b}]", "3:17: routes[0].path: service 'b' is not among services"),
        (BASE + "[{path: /x}]", "3:10: routes[0]: a route needs exactly one of service, services, aggregate"),
        (BASE + "[{service: a}]", "3:10: routes[0]: 'path' is missing"),
        (BASE + "[{path: x, service: a}]", "3:10: routes[0]: 'x' does not begin with /"),
        (
            BASE + "[{path: /x, service: a, timeout: 2}, {path: /x, service: a, timeout: 0s}]",
            "3:78: routes[1].timeout: ",
        ),
        (
            BASE + "[{path: /x, service: a, retries: 99}]",
            "3:42: routes[0].retries: 99 is no whole number from 0 to 10",
        ),
        (
            BASE + '[{path: /x, aggregate: {p: {call: "POST a:/"}}}]',
            "routes[0].aggregate.p.call: 'POST a:/' is no call",
        ),
        (BASE + '[{path: /x, aggregate: {p: {call: "GET a:/", after: p}}}]', "waits for itself"),
        (BASE + '[{path: /x, aggregate: {p: {call: "GET a:/{q.x}"}}}]', "{q.x} needs 'after: q'"),
        (BASE + '[{path: /x, service: a, request_headers: {set: {A: "b\\r\\nC: d"}}}]', "no header value"),
        *(
            (
                BASE + f"[{{path: /x, service: a, {edits}: {{set: {{{name}: x}}}}}}]",
                f"'{name}' is set by the gateway",
            )
            for name in (
                "Host",
                "content-length",
                "Transfer_Encoding",
                "Connection",
                "X-Forwarded-For",
                "Via",
            )
            for edits in ("request_headers", "response_headers")
        ),
        (
            BASE + "[{path: /x, service: a, request_headers: {remove: [Forwarded]}}]",
            "'Forwarded' is set by the gateway",
        ),
        (
            BASE + '[{path: /x, service: a, request_headers: {set: {"A\\r\\nB": c}}}]',
            "is not a header's name",
        ),
        (
            BASE + '[{path: /x, service: a, cors: {origins: ["*"], credentials: true}}]',
            "3:39: routes[0].cors: any web page could act for its visitor",
        ),
        (
            BASE + "[{path: /x, service: a, methods: [get]}]",
            "3:43: routes[0].methods[0]: 'get' is not an HTTP method",
        ),
        (BASE + "[{path: /x, service: a, hosts: [a.example:80]}]", "routes[0].hosts[0]: "),
        (
            BASE + "[{path: /x, service: a}, {path: /x, service: a}]",
            "3:41: routes[1].path: the route in line 3 answers",
        ),
        (
            BASE + '[{path: "/x/{id}", aggregate: {p: {call: "GET a:/{idd}"}}}]',
            "part 'p' uses {idd}, which the route's path does not have",
        ),
        (
            BASE + "[{path: /x, service: a, scopes: [a:b]}]",
            "3:41: routes[0].scopes: without 'auth' no token is checked",
        ),
        ("listen: 127.0.0.1:1\nproject: shöp\n", "2:10: project: "),
        ('listen: 127.0.0.1:1\nproject: "a\\r\\nb"\n', "2:10: project: "),
        (
            'listen: 127.0.0.1:1\nservices: {a: {instances: [], health: "/a b"}}\n',
            "2:39: services.a.health: ",
        ),
        (
            "listen: 127.0.0.1:1\nservices: {a: {instances: [], circuit: {failure_rate: 0%}}}\n",
            "services.a.circuit.failure_rate: '0%' is reached without any call",
        ),
    ],
)
def test_mistakes_name_their_place(text: str, expected: str) -> None:
    assert any(expected in problem for problem in problems(text)), problems(text)


def test_all_mistakes_in_one_run() -> None:
    text = "listen: x\nerrors: loud\nservices: {a: {instances: [b]}}\nroutes: [{path: /x, servce: a}]\n"
    assert len(problems(text)) >= 4


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ManifestInvalid, match="cannot be read"):
        load(tmp_path / "nowhere.yaml")
