"""Who gets which token."""

from __future__ import annotations

import pytest

from msctl.auth.policy import Client, GrantRefused, exchanged, grant

ORDERS = Client(
    "orders",
    "service",
    {"inventory": ("inventory:reserve",), "payments": ("payments:read",)},
    exchanges={"inventory": ("inventory:reserve", "inventory:read")},
)
WEB = Client("web", "outside", {"gateway": ("orders:read", "orders:write")})


def error(client: Client, audience: str | None, scope: str | None, ttl: float = 60.0) -> str:
    with pytest.raises(GrantRefused) as refused:
        grant(client, 3600.0, audience, scope, ttl)
    return refused.value.error


def test_a_client_gets_all_it_may_have_unless_it_asks_for_less() -> None:
    assert grant(WEB, 3600.0, None, None).scopes == ("orders:read", "orders:write")
    assert grant(WEB, 3600.0, "gateway", "orders:write orders:write").scopes == ("orders:write",)
    assert grant(WEB, 3600.0, None, "").scopes == ()


def test_an_undeclared_call_is_refused() -> None:
    assert error(ORDERS, "notifications", None) == "invalid_target"
    assert error(ORDERS, "gateway", None) == "invalid_target"
    assert error(WEB, "orders", None) == "invalid_target"


def test_who_may_call_several_has_to_say_whom() -> None:
    assert error(ORDERS, None, None) == "invalid_target"
    assert grant(ORDERS, 3600.0, "payments", None).scopes == ("payments:read",)


def test_a_scope_that_is_not_allowed_is_refused() -> None:
    assert error(WEB, None, "orders:read admin") == "invalid_scope"
    assert error(WEB, None, 'or"\\\u20acders') == "invalid_scope"


@pytest.mark.parametrize("ttl", [0.0, -1.0, 3600.1])
def test_a_life_has_bounds(ttl: float) -> None:
    assert error(WEB, None, None, ttl) == "invalid_request"


def test_an_exchange_never_widens() -> None:
    granted = exchanged(ORDERS, ("orders",), frozenset({"inventory:read", "orders:read"}), "inventory", None)
    assert granted.scopes == ("inventory:read",)


@pytest.mark.parametrize(
    ("subject_audience", "audience", "scope", "code"),
    [
        (("gateway",), "inventory", None, "invalid_grant"),
        (("orders",), None, None, "invalid_target"),
        (("orders",), "payments", None, "invalid_target"),
        (("orders",), "inventory", "inventory:reserve", "invalid_scope"),
    ],
    ids=["meant for another", "no audience", "undeclared", "wider than the subject's"],
)
def test_an_exchange_is_refused(
    subject_audience: tuple[str, ...], audience: str | None, scope: str | None, code: str
) -> None:
    with pytest.raises(GrantRefused) as refused:
        exchanged(ORDERS, subject_audience, frozenset({"inventory:read"}), audience, scope)
    assert refused.value.error == code
