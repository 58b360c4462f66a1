"""Rights in Consul as values."""

from __future__ import annotations

import json

from msctl.labels import TOKENS_KEY
from msctl.registry.acl import ANONYMOUS, auth, gateway, nobody, service

SECRET = "8c6e1f0a-3c2b-4a5d-9e7f-0123456789ab"


def test_a_service_may_write_itself_alone() -> None:
    rules = json.loads(service("orders", SECRET).document)
    assert rules["service"] == {"orders": {"policy": "write"}}
    assert rules["service_prefix"] == {"": {"policy": "read"}}
    assert rules["key"] == {TOKENS_KEY: {"policy": "read"}}


def test_the_gateway_and_nobody_write_nothing() -> None:
    for party in (gateway(SECRET), nobody()):
        assert "write" not in party.document


def test_auth_writes_its_key_and_sees_nothing_else() -> None:
    assert json.loads(auth(SECRET).document) == {"key": {TOKENS_KEY: {"policy": "write"}}}


def test_names_follow_from_content_and_tell_no_secret() -> None:
    party = service("orders", SECRET)
    assert party.accessor == service("orders", SECRET).accessor != service("orders", SECRET[::-1]).accessor
    assert party.policy != service("other", SECRET).policy
    assert SECRET not in f"{party} {party.accessor} {party.policy} {party.document}"
    assert nobody().accessor == ANONYMOUS
