"""Passwords: made once, kept, and made anew where they are missing."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from uuid import UUID

import pytest

from msctl.broker.permissions import PLATFORM_USER
from msctl.model.project import Auth, AuthClient
from msctl.orchestrator.credentials import FILE, CredentialStore, completed, grouped
from msctl.orchestrator.workspace import Workspace
from tests.unit.plan.projects import project, service, shop, without_service


@pytest.fixture
def store(tmp_path: Path) -> CredentialStore:
    numbers = count(1)
    return CredentialStore(Workspace.of(tmp_path), lambda: f"password-{next(numbers)}")


def test_everybody_gets_a_password_of_their_own(store: CredentialStore) -> None:
    credentials, users = store.load(shop())
    assert set(credentials.database) == {"orders", "inventory", "notifications"}
    assert set(credentials.superuser) == set(credentials.database)
    assert set(credentials.broker) == {"orders", "notifications"}
    assert set(users) == {"orders", "notifications", PLATFORM_USER}
    kept = list(store.workspace.read(FILE).values())
    assert len(set(kept)) == len(kept)


def test_they_are_the_same_the_next_time(store: CredentialStore) -> None:
    assert store.load(shop()) == store.load(shop())


def test_a_newcomer_changes_nobody_elses(store: CredentialStore) -> None:
    store.load(without_service(shop(), "orders"))
    before = dict(store.workspace.read(FILE))
    store.load(shop())
    after = store.workspace.read(FILE)
    assert before.items() < after.items()


def test_who_left_is_not_handed_out_but_kept_with_the_data(store: CredentialStore) -> None:
    store.load(shop())
    credentials, _ = store.load(without_service(shop(), "orders"))
    assert "orders" not in credentials.database
    assert "database/orders" in store.workspace.read(FILE)


def test_nothing_is_written_when_nothing_is_new(store: CredentialStore) -> None:
    store.load(shop())
    path = store.workspace.folder / FILE
    before = path.stat().st_ino
    store.load(shop())
    assert path.stat().st_ino == before


def test_without_databases_events_and_scopes_there_are_only_those_for_registry_and_operator() -> None:
    parties = ("management", "gateway", "auth", "agent", "metrics", "web")
    names = {f"registry/{party}" for party in parties}
    assert set(completed({}, project(service("web")), lambda: "x")) == {*names, "clients/operator"}


def test_consul_gets_uuids() -> None:
    made = completed({}, project(service("web")), lambda: "x")
    tokens = [value for name, value in made.items() if name.startswith("registry/")]
    assert all(str(UUID(token)) == token for token in tokens)


def test_every_client_of_the_token_endpoint_has_a_secret() -> None:
    guarded = project(service("web", scopes=("web:read",)), auth=Auth((AuthClient("app"),)))
    credentials = grouped(completed({}, guarded, lambda: "x"), guarded)
    assert set(credentials.clients) == {"gateway", "operator", "web", "app"}


def test_generated_passwords_are_long_and_differ(tmp_path: Path) -> None:
    CredentialStore(Workspace.of(tmp_path)).load(shop())
    kept = Workspace.of(tmp_path).read(FILE)
    assert min(map(len, kept.values())) >= 32
    assert len(set(kept.values())) == len(kept)


def test_they_do_not_show() -> None:
    values = completed({}, shop(), lambda: "hunter2")
    assert "hunter2" not in repr(grouped(values, shop()))


def test_while_a_password_is_replaced_the_former_one_is_handed_out_too(store: CredentialStore) -> None:
    before, _ = store.load(shop())
    store.begin_rotation("orders")
    during, _ = store.load(shop())
    assert store.rotates("orders")
    assert during.former == {"orders": before.database["orders"]}
    assert during.database["orders"] != before.database["orders"]
    assert during.second == {"orders"}
    assert store.end_rotations(["orders", "inventory"])
    after, _ = store.load(shop())
    assert (after.database, after.second) == (during.database, during.second)
    assert not after.former
    assert not store.end_rotations(["orders"])


def test_the_two_logins_take_turns(store: CredentialStore) -> None:
    store.load(shop())
    for turn in ({"orders"}, set(), {"orders"}):
        store.begin_rotation("orders")
        assert store.load(shop())[0].second == turn


def test_only_the_rotations_of_those_who_were_served_end(store: CredentialStore) -> None:
    store.load(shop())
    store.begin_rotation("orders")
    store.begin_rotation("inventory")
    assert store.end_rotations(["inventory"])
    assert (store.rotates("orders"), store.rotates("inventory")) == (True, False)
