"""Lines of many containers as one stream."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from msctl.engine.memory import MemoryEngine
from msctl.engine.port import Identity
from msctl.errors import NotRunning, UsageError
from msctl.model.desired import ContainerSpec, Role
from msctl.orchestrator.logs import logs
from msctl.telemetry.loglines.record import LogRecord, Wanted
from msctl.telemetry.loglines.redaction import Redactor

IDENTITY = Identity("shop", "here")
BEGIN = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def engine() -> MemoryEngine:
    seconds = count()
    engine = MemoryEngine(now=lambda: BEGIN + timedelta(seconds=next(seconds)))
    add(engine, "shop-orders-1", "service", "orders")
    add(engine, "shop-web-1", "service", "web")
    add(engine, "shop-orders-db", "database", "orders")
    add(engine, "shop-registry", "registry", None)
    return engine


def test_lines_come_in_the_order_of_their_times(engine: MemoryEngine) -> None:
    for number, name in enumerate(("shop-web-1", "shop-orders-1", "shop-web-1", "shop-registry")):
        engine.write_log(name, str(number))
    assert texts(logs(engine, "shop", [])) == ["0", "1", "2", "3"]


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["orders"], ["shop-orders-1"]),
        (["orders-db"], ["shop-orders-db"]),
        (["registry"], ["shop-registry"]),
        (["shop-web-1"], ["shop-web-1"]),
        (["web-1"], ["shop-web-1"]),
        (["web", "registry"], ["shop-web-1", "shop-registry"]),
        ([], ["shop-orders-1", "shop-web-1", "shop-orders-db", "shop-registry"]),
    ],
)
def test_services_roles_and_containers_can_be_named(
    engine: MemoryEngine, names: list[str], chosen: list[str]
) -> None:
    for name in ("shop-orders-1", "shop-web-1", "shop-orders-db", "shop-registry"):
        engine.write_log(name, name)
    assert texts(logs(engine, "shop", names)) == chosen


def test_tail_bounds_each_container(engine: MemoryEngine) -> None:
    for text in ("a", "b", "c"):
        engine.write_log("shop-orders-1", text)
        engine.write_log("shop-web-1", text.upper())
    assert texts(logs(engine, "shop", ["orders", "web"], tail=1)) == ["c", "C"]


def test_an_unknown_name_is_refused_with_what_there_is(engine: MemoryEngine) -> None:
    with pytest.raises(UsageError, match="ordres") as caught:
        logs(engine, "shop", ["ordres"])
    assert "orders" in (caught.value.hint or "")


def test_a_project_that_does_not_run_has_no_logs() -> None:
    with pytest.raises(NotRunning):
        logs(MemoryEngine(), "shop", [])


def test_following_goes_on_and_takes_up_newcomers(engine: MemoryEngine) -> None:
    engine.write_log("shop-web-1", "one")
    followed = logs(engine, "shop", ["web"], follow=True)
    assert next(followed).text == "one"
    engine.write_log("shop-web-1", "two")
    assert next(followed).text == "two"
    add(engine, "shop-web-2", "service", "web")
    engine.write_log("shop-web-2", "three")
    assert next(followed).text == "three"
    for name in ("shop-web-1", "shop-web-2"):
        engine.crash(name, 0)


def test_a_container_that_comes_back_is_followed_on_without_a_line_doubled(engine: MemoryEngine) -> None:
    engine.write_log("shop-web-1", "one")
    followed = follow_impatiently(engine, ["web"])
    assert next(followed).text == "one"
    engine.crash("shop-web-1", 1)
    engine.start_container(IDENTITY, "shop-web-1")
    engine.write_log("shop-web-1", "two")
    assert next(followed).text == "two"
    engine.remove_container(IDENTITY, "shop-web-1")
    add(engine, "shop-web-1", "service", "web")
    engine.write_log("shop-web-1", "three")
    assert next(followed).text == "three"
    engine.crash("shop-web-1", 1)


def test_only_lines_of_the_same_moment_that_were_read_are_left_out() -> None:
    engine = MemoryEngine(now=lambda: BEGIN)
    add(engine, "shop-web-1", "service", "web")
    for text in ("one", "again", "again"):
        engine.write_log("shop-web-1", text)
    followed = follow_impatiently(engine, ["web"])
    assert [next(followed).text for _ in range(3)] == ["one", "again", "again"]
    engine.crash("shop-web-1", 1)
    engine.start_container(IDENTITY, "shop-web-1")
    for text in ("again", "two"):
        engine.write_log("shop-web-1", text)
    assert [next(followed).text for _ in range(2)] == ["again", "two"]
    engine.crash("shop-web-1", 1)


def test_newcomers_are_taken_up_while_others_write_without_pause(engine: MemoryEngine) -> None:
    followed = follow_impatiently(engine, ["web"])
    add(engine, "shop-web-2", "service", "web")
    engine.write_log("shop-web-2", "new")
    for _ in range(10_000):
        engine.write_log("shop-web-1", "noise")
        if next(followed).text == "new":
            break
    else:
        pytest.fail("the newcomer was never taken up")
    for name in ("shop-web-1", "shop-web-2"):
        engine.crash(name, 0)


def test_without_a_tail_only_what_is_new_is_shown_also_after_a_restart(engine: MemoryEngine) -> None:
    engine.write_log("shop-web-1", "old")
    seconds = count()
    followed = logs(engine, "shop", ["web"], follow=True, tail=0, clock=lambda: next(seconds))
    engine.crash("shop-web-1", 1)
    engine.start_container(IDENTITY, "shop-web-1")
    add(engine, "shop-web-2", "service", "web")
    engine.write_log("shop-web-2", "new")
    assert next(followed).text == "new"
    engine.write_log("shop-web-1", "newer")
    assert next(followed).text == "newer"
    for name in ("shop-web-1", "shop-web-2"):
        engine.crash(name, 0)


def test_what_is_wanted_is_chosen_before_the_last_are_counted(engine: MemoryEngine) -> None:
    for text in ("ERROR one", "INFO two", "ERROR three", "INFO four"):
        engine.write_log("shop-web-1", text)
    assert texts(logs(engine, "shop", ["web"], wanted=Wanted(level="error"), tail=1)) == ["ERROR three"]
    assert texts(logs(engine, "shop", ["web"], wanted=Wanted(words="two"))) == ["INFO two"]
    until = BEGIN + timedelta(seconds=7)
    assert texts(logs(engine, "shop", ["web"], wanted=Wanted(until=until), tail=1)) != ["INFO four"]


def test_a_traceback_is_one_record_of_its_container(engine: MemoryEngine) -> None:
    for text in ("Traceback (most recent call last):", "  File", "ValueError: bad"):
        engine.write_log("shop-web-1", text)
        engine.write_log("shop-orders-1", "between")
    found = [r for r in logs(engine, "shop", []) if r.service == "web"]
    assert [(r.text.count("\n"), r.said.level, r.instance) for r in found] == [(2, "error", 1)]


def test_secrets_are_taken_out(engine: MemoryEngine) -> None:
    engine.write_log("shop-web-1", "my password is correct-horse-battery")
    found = texts(logs(engine, "shop", [], redactor=Redactor(["correct-horse-battery"])))
    assert found == ["my password is [REDACTED]"]


def test_a_traceback_is_one_record_while_following(engine: MemoryEngine) -> None:
    for text in ("Traceback (most recent call last):", "  File", "ValueError: bad", "2026 next"):
        engine.write_log("shop-web-1", text)
    followed = logs(engine, "shop", ["web"], follow=True)
    assert next(followed).text == "Traceback (most recent call last):\n  File\nValueError: bad"
    assert next(followed).text == "2026 next"
    engine.crash("shop-web-1", 1)


def follow_impatiently(engine: MemoryEngine, names: list[str]) -> Iterator[LogRecord]:
    """By a clock on which a second passes between any two looks at it."""
    seconds = count()
    return logs(engine, "shop", names, follow=True, clock=lambda: next(seconds))


def add(engine: MemoryEngine, name: str, role: Role, service: str | None) -> None:
    instance = 1 if role == "service" else None
    spec = ContainerSpec(name, role, "image", "image", service=service, instance=instance)
    engine.create_container(IDENTITY, spec, "hash", {})
    engine.start_container(IDENTITY, name)


def texts(lines: Iterator[LogRecord]) -> list[str]:
    return [line.text for line in lines]
