"""Names that DNS, Docker, OAuth, AMQP and HTTP can carry."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from msctl.manifest import names
from msctl.manifest.faults import Fault

Parse = Callable[[object], str]

ACCEPTED: list[tuple[Parse, str]] = [
    (names.project, "shop"), (names.project, "a"), (names.project, "x1-y2"), (names.project, "a" * 63),
    (names.service, "orders"), (names.service, "2fa"), (names.service, "registry-ui"),
    (names.scope, "orders:read"), (names.scope, "https://x/y.z"), (names.event, "order.placed"),
    (names.event, "placed"), (names.event, "com.example.Order_v2.placed-late"), (names.pattern, "payment.*"),
    (names.pattern, "#"), (names.pattern, "*.placed.#"), (names.method, "GET"), (names.header, "X-Tenant"),
    (names.header_value, "a b; c=d"), (names.host, "shop.example.com"), (names.host, "*.example.com"),
    (names.host, "localhost"), (names.variable, "LOG_LEVEL"), (names.variable, "_x"), (names.part, "order_1"),
]  # fmt: skip

REFUSED: list[tuple[Parse, object, str]] = [
    (names.project, "Shop", "'shop'"), (names.project, "my_shop", "'my-shop'"), (names.project, "-x", "'x'"),
    (names.project, "a" * 64, "at most 63"), (names.project, "host", "Docker"),
    (names.project, "msctl", "images"),
    (names.project, "", "letters"), (names.project, 5, "letters"), (names.project, "a.b", "'a-b'"),
    (names.service, "gateway", "platform"), (names.service, "metrics", "platform"),
    (names.service, "Orders", "'orders'"),
    (names.service, "consul", "Consul"), (names.service, "naïve", "letters"),
    (names.service, "a\n", "letters"),
    (names.scope, "orders read", "no spaces"), (names.scope, 'a"b', "no spaces"),
    (names.scope, "", "no spaces"),
    (names.event, "order.*", "each event type"), (names.event, "order..placed", "dots"),
    (names.event, ".x", "dots"),
    (names.event, "a b", "dots"), (names.event, "a." * 200 + "a", "at most 255"),
    (names.pattern, "order*", "one word"),
    (names.pattern, "a.##", "one word"), (names.pattern, "", "one word"), (names.method, "get", "'GET'"),
    (names.method, "FETCH", "one of"), (names.method, 1, "one of"), (names.header, "X Tenant", "such as"),
    (names.header, "", "such as"), (names.header_value, "a\r\nX: y", "one line"),
    (names.header_value, " a", "blanks"),
    (names.host, "http://x", "such as"), (names.host, "x:80", "such as"),
    (names.host, "a." * 130 + "a", "such as"),
    (names.variable, "LOG-LEVEL", "underscores"), (names.variable, "1A", "underscores"),
    (names.part, "a.b", "letters"),
]  # fmt: skip


@pytest.mark.parametrize(("parse", "text"), ACCEPTED)
def test_accepted(parse: Parse, text: str) -> None:
    assert parse(text) == text


@pytest.mark.parametrize(("parse", "value", "hint"), REFUSED)
def test_refused(parse: Parse, value: object, hint: str) -> None:
    with pytest.raises(Fault) as caught:
        parse(value)
    assert hint in f"{caught.value.what} {caught.value.hint}"


@pytest.mark.parametrize("role", sorted(names.ROLES))
def test_no_service_bears_a_roles_name(role: str) -> None:
    with pytest.raises(Fault):
        names.service(role)
