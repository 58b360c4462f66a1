"""A running broker gives up what the manifest no longer has; the broker's client is a double."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import count
from typing import Any

import pytest

from msctl.broker.client import QueueFacts
from msctl.broker.definitions import definitions
from msctl.broker.difference import Surplus
from msctl.broker.permissions import PLATFORM_USER, rights
from msctl.broker.topology import Topology, topology
from msctl.engine.memory import MemoryEngine
from msctl.engine.port import ExecResult, Identity
from msctl.errors import BrokerError
from msctl.model.desired import ContainerSpec, PortBinding, Role
from msctl.model.secret import Secret
from msctl.orchestrator import broker_upkeep
from msctl.orchestrator.broker_upkeep import BrokerUpkeep, tidy
from tests.unit.broker.declaring import project, service

ORDERS = service("orders", ["order.placed"], ["payment.*"])
SMALL = topology(project(ORDERS))
FULL = topology(project(ORDERS, service("mail", [], ["order.placed"])))


def document(of: Topology, password: str = "x") -> dict[str, Any]:
    return definitions(of, {right.user: Secret(password) for right in rights(of)})


class FakeBroker:
    """Removes everything but what ``kept`` holds."""

    kept: tuple[QueueFacts, ...] = ()
    removed: list[Surplus]
    remade: list[str]
    url: str

    def __init__(self, url: Secret) -> None:
        type(self).url = url.reveal()

    def __enter__(self) -> FakeBroker:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def remove(self, gone: Surplus, *, with_messages: bool) -> tuple[QueueFacts, ...]:
        self.removed.append(gone)
        return () if with_messages else self.kept

    def queue_facts(self, name: str) -> QueueFacts:
        return next((facts for facts in self.kept if facts.name == name), QueueFacts(name, 0, 0))

    def delete(self, queue: str) -> None:
        self.remade.append(f"delete {queue}")

    def declare(self, declared: Topology) -> None:
        self.remade.append("declare")


class World:
    """A broker's container whose exports follow a script; the last one is given again and again."""

    def __init__(self) -> None:
        self.engine = MemoryEngine()
        self.exports: list[str] = []
        self.commands: list[tuple[str, ...]] = []
        self.engine.script.answer = self._answer
        spec = ContainerSpec("shop-broker", "broker", "image", "image", ports=(PortBinding(5672),))
        self.engine.create_container(Identity("shop", "here"), spec, "hash", {})
        self.engine.start_container(Identity("shop", "here"), "shop-broker")

    def _answer(self, _name: str, command: Sequence[str], _stdin: bytes | None) -> ExecResult:
        self.commands.append(tuple(command))
        if "export_definitions" not in command:
            return ExecResult(0, "")
        text = self.exports.pop(0) if len(self.exports) > 1 else self.exports[0]
        return ExecResult(0, text) if text else ExecResult(70, "node is down")

    def tidy(self, *exports: str, wanted: Topology = SMALL, discard: bool = False) -> tuple[str, ...]:
        self.exports = list(exports)
        seconds = count()
        return tidy(
            self.engine, "shop-broker", wanted, document(wanted), Secret("p/w"),
            clock=lambda: next(seconds), sleep=lambda _: None, discard=discard,
        )  # fmt: skip


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    FakeBroker.removed, FakeBroker.kept, FakeBroker.remade = [], (), []
    monkeypatch.setattr(broker_upkeep, "Broker", FakeBroker)
    return World()


def test_nothing_is_done_where_nothing_is_surplus(world: World) -> None:
    assert world.tidy(json.dumps(document(SMALL))) == ()
    assert (len(world.commands), FakeBroker.removed) == (1, [])


def test_users_go_before_the_queues_that_they_use(world: World) -> None:
    told = world.tidy(json.dumps(document(FULL)))
    assert world.commands[-1] == ("rabbitmqctl", "delete_user", "mail")
    assert "mail" in FakeBroker.removed[0].queues
    assert told[0] == "user 'mail' was removed"
    assert {"queue 'mail' was removed", "queue 'mail.dead' was removed"} <= set(told)
    assert f"{PLATFORM_USER}:p%2Fw@" in FakeBroker.url


@pytest.mark.parametrize(
    ("facts", "why"),
    [(QueueFacts("mail", 3, 1), "holds messages (3)"), (QueueFacts("mail", 0, 1), "is still in use")],
)
def test_what_is_left_is_told_with_the_command_that_removes_it(
    world: World, facts: QueueFacts, why: str
) -> None:
    FakeBroker.kept = (facts,)
    told = [sentence for sentence in world.tidy(json.dumps(document(FULL))) if "'mail'" in sentence]
    assert why in told[1]
    assert told[1].endswith("msctl up --yes")
    assert "queue 'mail' was removed" in world.tidy(json.dumps(document(FULL)), discard=True)


def test_a_clash_is_an_error_and_nothing_is_removed(world: World) -> None:
    found = document(FULL)
    found["queues"][0]["arguments"]["x-delivery-limit"] = 7
    with pytest.raises(BrokerError, match="'orders' has x-delivery-limit = 7") as caught:
        world.tidy(json.dumps(found))
    assert "msctl up --yes" in (caught.value.hint or "")
    assert FakeBroker.removed == []


def test_a_clashing_queue_is_made_anew_when_asked_and_empty(world: World) -> None:
    found = document(SMALL)
    found["queues"][0]["arguments"]["x-delivery-limit"] = 7
    assert world.tidy(json.dumps(found), discard=True) == ("queue 'orders' was made anew",)
    assert FakeBroker.remade == ["delete orders", "declare"]
    assert world.commands[-1][1:4] == ("close_all_connections", "--vhost", "shop")
    FakeBroker.kept, FakeBroker.remade = (QueueFacts("orders", 3, 0),), []
    with pytest.raises(BrokerError, match="x-delivery-limit"):
        world.tidy(json.dumps(found), discard=True)
    assert FakeBroker.remade == []


class Untidy:
    """Counts how often the broker is tidied."""

    def __init__(self) -> None:
        self.discards: list[bool] = []

    def __call__(self, *_: object, discard: bool) -> tuple[str, ...]:
        self.discards.append(discard)
        return ("tidied",)


@pytest.mark.parametrize(
    ("fresh", "role", "times"), [(True, "broker", 0), (False, "gateway", 0), (False, "broker", 1)]
)
def test_a_broker_that_kept_its_data_is_tidied_once_it_has_read_its_definitions(
    world: World, monkeypatch: pytest.MonkeyPatch, fresh: bool, role: Role, times: int
) -> None:
    untidy = Untidy()
    monkeypatch.setattr(broker_upkeep, "tidy", untidy)
    of = project(ORDERS)
    users = {right.user: Secret("x") for right in rights(topology(of))}
    upkeep = BrokerUpkeep(world.engine, of, users, fresh=fresh, discard=True)
    upkeep(ContainerSpec(f"shop-{role}", role, "image", "image"))
    assert untidy.discards == [True] * times
    assert upkeep.done is (fresh or times == 1)


def test_an_import_that_goes_on_is_waited_for(world: World) -> None:
    world.tidy(json.dumps(document(SMALL, "old")), json.dumps(document(FULL)))
    assert len(FakeBroker.removed) == 1
    assert "mail" in FakeBroker.removed[0].users


def test_an_import_that_never_ends_is_not_waited_for_for_ever(world: World) -> None:
    assert world.tidy(json.dumps(document(SMALL, "old"))) == ()


@pytest.mark.parametrize("export", ["", "Error: {"])
def test_a_broker_that_does_not_answer_is_an_error(world: World, export: str) -> None:
    with pytest.raises(BrokerError, match="shop-broker"):
        world.tidy(export)
