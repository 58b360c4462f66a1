"""The definitions document and its passwords."""

from __future__ import annotations

import base64
import hashlib
import json

from msctl.broker.definitions import definitions, password_hash, render
from msctl.broker.permissions import rights
from msctl.broker.topology import topology
from msctl.model.secret import Secret
from tests.unit.broker.declaring import SHOP

TOPOLOGY = topology(SHOP)
CREDENTIALS = {right.user: Secret(f"{right.user}-pw") for right in rights(TOPOLOGY)}


def test_a_password_hash_is_salt_and_salted_sha256() -> None:
    raw = base64.b64decode(password_hash("orders", Secret("secret")))
    assert raw[4:] == hashlib.sha256(raw[:4] + b"secret").digest()


def test_hashes_are_stable_and_differ_by_user() -> None:
    assert password_hash("a", Secret("x")) == password_hash("a", Secret("x"))
    assert password_hash("a", Secret("x")) != password_hash("b", Secret("x"))


def test_every_user_has_rights_and_a_topic_limit() -> None:
    document = definitions(TOPOLOGY, CREDENTIALS)
    users = {user["name"] for user in document["users"]}
    assert users == {"_platform", "orders", "payments", "mail", "audit"}
    assert {permission["user"] for permission in document["permissions"]} == users
    assert {permission["user"] for permission in document["topic_permissions"]} == users
    assert all(permission["exchange"] == "events" for permission in document["topic_permissions"])
    assert all(user["tags"] == [] for user in document["users"])


def test_everything_is_durable_and_in_the_projects_vhost() -> None:
    document = definitions(TOPOLOGY, CREDENTIALS)
    assert document["vhosts"] == [{"name": "shop"}]
    for thing in (*document["queues"], *document["exchanges"]):
        assert (thing["vhost"], thing["durable"], thing["auto_delete"]) == ("shop", True, False)


def test_no_password_is_in_the_document() -> None:
    text = render(definitions(TOPOLOGY, CREDENTIALS))
    assert not [secret for secret in CREDENTIALS.values() if secret.reveal() in text]


def test_rendering_is_stable_json() -> None:
    document = definitions(TOPOLOGY, CREDENTIALS)
    assert json.loads(render(document)) == document
    assert render(document) == render(definitions(TOPOLOGY, CREDENTIALS))
