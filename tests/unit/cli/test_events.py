"""``events`` on the command line, its use cases by doubles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from msctl.broker.messages import DeadLetter, Message, cloud_event
from msctl.orchestrator import broker_upkeep, dead_letters, events
from tests.unit.cli.conftest import Cli
from tests.unit.orchestrator.stage import Stage

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
EVENT = cloud_event("order.placed", {"n": 1}, source="/shop/orders", event_id="id-1", now=NOW)
LETTER = DeadLetter("orders", EVENT, "ValueError: no", 4)


@pytest.fixture
def eventful(folder: Path, stage: Stage) -> None:
    """The manifest has events."""
    path = folder / "msctl.yaml"
    path.write_text(path.read_text() + "    publishes: [order.placed]\n    subscribes: [order.*]\n")


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[Message]:
    """What was published by hand."""
    sent: list[Message] = []
    monkeypatch.setattr(events, "publish", lambda _, message: sent.append(message))
    return sent


@pytest.fixture
def dead(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """One dead letter, and the calls that were made for it."""
    calls: list[tuple[Any, ...]] = []

    def called(name: str, answer: object) -> None:
        def act(_: object, __: object, *arguments: object) -> object:
            calls.append((name, *arguments))
            return answer

        monkeypatch.setattr(dead_letters, name, act)

    for name, answer in (("dead_letters", [LETTER]), ("letters_with", [LETTER]), ("replay", 3), ("drop", 2)):
        called(name, answer)
    return calls


@pytest.mark.usefixtures("eventful")
def test_publish_takes_json_a_file_or_text_of_the_right_kind(
    cli: Cli, folder: Path, published: list[Message]
) -> None:
    (folder / "order.json").write_text('{"order": "o-1"}')
    found = cli(
        "events", "publish", "order.placed", "--data", "@order.json", "--subject", "o-1", "--key", "ann"
    )
    (sent,) = published
    assert (found.code, found.out.strip()) == (0, sent.id)
    assert sent.event["data"] == {"order": "o-1"}
    assert (sent.event["subject"], sent.event["partitionkey"]) == ("o-1", "ann")
    assert sent.event["source"] == "/shop/msctl"
    assert cli("events", "publish", "a.b", "--data", "3").code == 0
    assert published[1].event["data"] == 3


@pytest.mark.usefixtures("eventful")
@pytest.mark.parametrize(
    ("data", "words"), [("{", "--data is not JSON"), ("@nowhere", "cannot read nowhere")]
)
def test_data_that_cannot_be_used_is_wrong_usage(
    cli: Cli, published: list[Message], data: str, words: str
) -> None:
    found = cli("events", "publish", "a.b", "--data", data)
    assert (found.code, published) == (2, [])
    assert words in found.err


@pytest.mark.usefixtures("eventful")
def test_queues_are_shown_as_a_table_and_in_json(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    queues = events.ServiceQueues("web", True, False, 3, 2, 0, 1, 2, 4.0, NOW)
    monkeypatch.setattr(events, "overview", lambda *_: (queues,))
    assert "web" in cli("events").out
    (found,) = json.loads(cli("events", "--json").out)
    assert found == {
        "service": "web", "declared": True, "ordered": False, "waiting": 3, "in_hand": 2, "retrying": 0,
        "dead": 1, "consumers": 2, "rate": 4.0, "oldest": "2026-01-02T12:00:00Z",
    }  # fmt: skip


@pytest.mark.usefixtures("eventful")
def test_tail_ends_after_so_many(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def follow(_: object, pattern: str, __: object) -> Iterator[Message]:
        assert pattern == "order.*"
        while True:
            yield EVENT

    monkeypatch.setattr(events, "follow", follow)
    lines = cli("events", "tail", "order.*", "-n", "2", "--json").out.splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["id-1", "id-1"]
    assert "order.placed" in cli("events", "tail", "order.*", "-n", "1").out


@pytest.mark.usefixtures("eventful")
def test_a_service_stands_where_a_command_would(cli: Cli, dead: list[tuple[Any, ...]]) -> None:
    assert "ValueError: no" in cli("events", "dead").out
    assert "id-1" in cli("events", "dead", "orders").out
    assert json.loads(cli("events", "dead", "orders", "--json").out)[0]["cause"] == "ValueError: no"
    assert dead == [("dead_letters", None), ("dead_letters", "orders"), ("dead_letters", "orders")]


@pytest.mark.usefixtures("eventful")
def test_one_or_all_are_replayed_or_dropped(cli: Cli, dead: list[tuple[Any, ...]]) -> None:
    assert cli("events", "dead", "replay", "id-1").out == "3 replayed\n"
    assert cli("events", "dead", "replay", "--all", "-s", "orders").code == 0
    assert cli("events", "dead", "drop", "--all", "--yes").out == "2 dropped\n"
    assert cli("events", "dead", "drop", "--all").code == 2
    assert cli("events", "dead", "drop").code == 2
    assert cli("events", "dead", "replay", "id-1", "--all").code == 2
    assert dead == [("replay", None, "id-1"), ("replay", "orders", None), ("drop", None, None)]


@pytest.mark.usefixtures("eventful")
def test_a_dead_letter_is_shown_whole(cli: Cli, dead: list[tuple[Any, ...]]) -> None:
    shown = cli("events", "dead", "show", "id-1").out
    assert "ValueError: no" in shown
    assert '"n": 1' in shown
    assert (
        json.loads(json.loads(cli("events", "dead", "show", "id-1", "--json").out)[0]["body"])["id"] == "id-1"
    )


def test_without_events_there_is_nothing_to_see(cli: Cli, stage: Stage) -> None:
    found = cli("events")
    assert found.code == 2
    assert "has no events" in found.err


@pytest.mark.usefixtures("eventful")
def test_a_broker_that_does_not_run_is_told(cli: Cli) -> None:
    found = cli("events", "publish", "a.b", "--data", "1")
    assert found.code == 1
    assert "msctl up" in found.err


@pytest.mark.usefixtures("eventful")
def test_a_schema_is_checked_by_publish_validate_and_up(
    cli: Cli, folder: Path, published: list[Message]
) -> None:
    schemas = folder / "services" / "web" / "events"
    schemas.mkdir()
    (schemas / "order.placed.json").write_text('{"type": "object", "required": ["order"]}')
    found = cli("events", "publish", "order.placed", "--data", "{}")
    assert (found.code, published) == (1, [])
    assert "'order' is a required property" in found.err
    (schemas / "order.plcaed.json").write_text("{}")
    assert "does not publish 'order.plcaed'" in cli("validate").err
    (schemas / "order.placed.json").write_text("nonsense")
    for command in (("validate",), ("up",), ("events", "publish", "order.placed", "--data", "{}")):
        found = cli(*command)
        assert found.code == 2
        assert "services/web/events/order.placed.json:1:1: error" in found.err


def test_a_breaking_change_of_what_runs_stops_validate_and_up(
    cli: Cli, folder: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker_upkeep, "tidy", lambda *_, **__: ("nothing was left",))
    manifest = folder / "msctl.yaml"
    text = manifest.read_text().replace("    replicas: 2\n", "    replicas: 2\n    subscribes: [order.*]\n")
    manifest.write_text(text + "    publishes: [order.placed]\n")
    schema = folder / "services" / "web" / "events" / "order.placed.json"
    schema.parent.mkdir()
    schema.write_text('{"type": "object", "required": ["order"]}')
    assert cli("up").code == 0
    assert cli("validate").code == 0
    schema.write_text('{"type": "object"}')
    for command in ("validate", "up"):
        found = cli(command)
        assert found.code == 2
        assert "breaks orders: data.order: was always there" in found.err
    assert json.loads(cli("validate", "--json").out)["valid"] is False
    forced = cli("up", "--yes")
    assert forced.code == 0
    assert "nothing was left" in forced.err
    assert cli("validate").code == 0
