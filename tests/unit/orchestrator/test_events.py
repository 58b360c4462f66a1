"""What the command line makes of the broker's answers; the broker itself is a double."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from msctl.broker.client import QueueFacts
from msctl.broker.facts import QueueState
from msctl.broker.messages import Message
from msctl.engine.memory import MemoryEngine
from msctl.errors import BrokerError, NotRunning, UsageError
from msctl.model.status import EventStatus, PlatformStatus, StatusReport
from msctl.orchestrator.access import Access
from msctl.orchestrator.broker_status import EventReading, read_events, with_events
from msctl.orchestrator.events import follow, queues_of, require_broker
from tests.unit.broker.declaring import SHOP, project, service

THEN = datetime(2026, 1, 2, tzinfo=UTC)
PLATFORM = (
    PlatformStatus("shop-broker", "broker", "pass", "running"),
    PlatformStatus("shop-gateway", "gateway", "pass", "running"),
)
REPORT = StatusReport("shop", "docker", "http://x", "pass", platform=PLATFORM)


def test_queues_are_gathered_by_service_and_rates_by_pattern() -> None:
    found = (
        QueueState("orders", 3, 2, 1, THEN),
        QueueState("orders.retry.1s", 1, 0, 0, None),
        QueueState("orders.retry.10s", 2, None, 0, None),
        QueueState("orders.dead", 4, 0, 0, None),
        QueueState("old", 7, None, None, None),
    )
    rates = {"payment.captured": 3.0, "payment.declined": 1.0, "order.placed": 9.0}
    queues = {queue.service: queue for queue in queues_of(SHOP, found, rates)}
    assert list(queues) == ["orders", "payments", "mail", "old"]
    orders = queues["orders"]
    assert (orders.waiting, orders.in_hand, orders.retrying, orders.dead) == (3, 2, 3, 4)
    assert (orders.rate, orders.oldest, orders.declared) == (4.0, THEN, True)
    assert (queues["old"].declared, queues["old"].waiting, queues["old"].consumers) == (False, 7, 0)
    assert (queues["payments"].waiting, queues["mail"].rate) == (0, 13.0)
    assert orders.to_json()["oldest"] == "2026-01-02T00:00:00Z"


def test_a_project_without_events_says_so() -> None:
    with pytest.raises(UsageError, match="has no events"):
        require_broker(project(service("static")))


class FakeBroker:
    """Answers by script."""

    def __init__(self, trouble: BrokerError | None = None) -> None:
        self._trouble = trouble

    def facts_of(self, names: Sequence[str]) -> dict[str, QueueFacts]:
        assert list(names) == ["orders", "orders.dead"]
        return {"orders": QueueFacts("orders", 5, 0), "orders.dead": QueueFacts("orders.dead", 2, 0)}

    def require_unblocked(self) -> None:
        if self._trouble is not None:
            raise self._trouble


@pytest.mark.parametrize("trouble", [None, BrokerError("short of memory")])
def test_the_status_reads_depths_and_alarms(
    monkeypatch: pytest.MonkeyPatch, trouble: BrokerError | None
) -> None:
    access = Access(MemoryEngine(), "shop")
    monkeypatch.setattr(access, "broker", lambda: FakeBroker(trouble))
    found = read_events(access, project(service("orders", [], ["a.b"]), service("web")))
    assert found.events == (EventStatus("orders", 5, 0, 2),)
    assert found.trouble == (trouble.message if trouble else None)


def test_a_broker_that_cannot_be_reached_is_trouble_and_no_error() -> None:
    found = read_events(Access(MemoryEngine(), "shop"), SHOP)
    assert found.trouble == "the broker's password is not known here"
    assert read_events(Access(MemoryEngine(), "shop"), project(service("web"))) == EventReading()
    with pytest.raises(NotRunning):
        Access(MemoryEngine(), "shop").broker()


def test_trouble_is_a_warning_of_the_broker_alone_unless_it_is_down() -> None:
    made = with_events(REPORT, EventReading((EventStatus("orders", 5, 0, 0),), "short of memory"))
    assert made.platform[0].health == "warn"
    assert made.platform[0].output == ("short of memory; nobody consumes the events of 'orders' (5 wait)")
    assert made.platform[1] == PLATFORM[1]
    down = replace(REPORT, platform=(replace(PLATFORM[0], health="fail", output="exited"),))
    assert with_events(down, EventReading((), "refused")).platform == down.platform
    assert with_events(REPORT, EventReading()) == REPORT


class TailingBroker:
    """Gives an event, is lost, and gives the next."""

    def __init__(self) -> None:
        self.tails: list[list[Message | BrokerError | None]] = [
            [Message("a", b"1"), None, BrokerError("gone")],
            [BrokerError("still away")],
            [Message("a", b"2")],
        ]

    def connect(self) -> None:
        return None

    def tail(self, pattern: str) -> Iterator[Message | None]:
        for item in self.tails.pop(0):
            if isinstance(item, BrokerError):
                raise item
            yield item


def test_following_goes_on_after_the_broker_was_away(monkeypatch: pytest.MonkeyPatch) -> None:
    access, broker = Access(MemoryEngine(), "shop"), TailingBroker()
    monkeypatch.setattr(access, "broker", lambda: broker)
    told: list[str] = []
    slept: list[float] = []
    following = follow(access, "#", lambda error: told.append(error.message), slept.append)
    assert [next(following).body, next(following).body] == [b"1", b"2"]
    assert (told, slept) == (["gone", "still away"], [1.0, 1.0])
