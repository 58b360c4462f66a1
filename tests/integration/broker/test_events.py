"""The use cases behind ``msctl events``, on a real broker."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from msctl.broker.client import Broker
from msctl.broker.messages import Message, cloud_event
from msctl.broker.permissions import PLATFORM_USER
from msctl.errors import BrokerError, UsageError
from msctl.orchestrator import dead_letters
from msctl.orchestrator.access import Access
from msctl.orchestrator.broker_status import read_events
from msctl.orchestrator.events import follow, overview, publish
from tests.integration.broker.conftest import RunningBroker
from tests.integration.broker.declared import passwords, shop
from tests.integration.waiting import eventually

pytestmark = pytest.mark.integration

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
HEADERS = {"x-msctl-tries": 3, "x-msctl-cause": "ValueError: no", "mine": "kept"}


@pytest.fixture
def access(broker: RunningBroker, platform: Broker) -> Iterator[Access]:
    password = passwords(broker.topology)[PLATFORM_USER]
    made = Access(broker.engine, broker.topology.vhost, lambda: password)
    yield made
    made.close()


def event(number: int = 1, event_type: str = "order.placed") -> Message:
    return cloud_event(event_type, {"n": number}, source="/shop/tests", event_id=f"id-{number}", now=NOW)


def bury(platform: Broker, service: str, *numbers: int) -> None:
    with platform.publishing() as send:
        for number in numbers:
            made = event(number)
            properties = {"message_id": made.id, "timestamp": int(NOW.timestamp()), "headers": HEADERS}
            send("", f"{service}.dead", made.body, properties)


def test_the_overview_counts_what_waits_is_in_hand_and_dead(
    broker: RunningBroker, platform: Broker, access: Access
) -> None:
    declared = shop(broker.topology.vhost)
    for number in (1, 2, 3):
        publish(access, event(number))
    bury(platform, "payments", 9)
    channel = broker.channel("payments")
    channel.basic_get("payments")
    orders, payments = overview(broker.engine, access, declared)
    channel.connection.close()
    assert (payments.waiting, payments.in_hand, payments.dead) == (2, 1, 1)
    assert payments.oldest == NOW
    assert (orders.waiting, orders.in_hand, orders.dead, orders.oldest) == (0, 0, 0, None)

    def as_before() -> bool:
        again = overview(broker.engine, access, declared)[1]
        return (again.waiting, again.in_hand, again.consumers) == (3, 0, 0)

    eventually(as_before)


def test_the_rate_counts_what_is_published_meanwhile(broker: RunningBroker, access: Access) -> None:
    declared = shop(broker.topology.vhost)
    with broker.as_user("orders") as orders, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(overview, broker.engine, access, declared)
        with orders.publishing() as send:
            while not asked.done():
                made = event()
                send("events", "order.placed", made.body, {"message_id": made.id})
        rates = {queues.service: queues.rate for queues in asked.result()}
    assert rates["payments"] > 0
    assert rates["orders"] == 0


def test_following_copies_and_takes_nothing(broker: RunningBroker, platform: Broker, access: Access) -> None:
    seen: list[str] = []
    with ThreadPoolExecutor(1) as pool:
        following = follow(access, "order.*", lambda _: None)
        first = pool.submit(next, following)
        with platform.publishing() as send:
            while not first.done():
                send("events", "order.placed", event(7).body, {})
                send("events", "payment.captured", event(8, "payment.captured").body, {})
        seen.append(first.result().id)
        following.close()
    assert seen == ["id-7"]
    facts = platform.queue_facts("payments")
    assert facts is not None
    assert facts.messages > 0


def test_publishing_what_nobody_wants_is_an_error(access: Access) -> None:
    with pytest.raises(BrokerError, match="no queue takes this event"):
        publish(access, event(1, "nobody.cares"))


def test_dead_letters_are_listed_with_their_cause_and_stay(
    broker: RunningBroker, platform: Broker, access: Access
) -> None:
    declared = shop(broker.topology.vhost)
    bury(platform, "payments", 1, 2)
    for _ in range(2):
        found = dead_letters.dead_letters(access, declared, None)
        assert [(d.service, d.message.id, d.cause, d.tries) for d in found] == [
            ("payments", "id-1", "ValueError: no", 3),
            ("payments", "id-2", "ValueError: no", 3),
        ]
    assert found[0].message.published == NOW
    with pytest.raises(UsageError, match="begins several ids"):
        dead_letters.letters_with(access, declared, None, "id-")
    with pytest.raises(UsageError, match="no dead letter 'x'"):
        dead_letters.letters_with(access, declared, None, "x")
    with pytest.raises(UsageError, match="'nobody' subscribes to nothing"):
        dead_letters.dead_letters(access, declared, "nobody")


def test_one_is_replayed_with_its_ids_and_without_its_past(
    broker: RunningBroker, platform: Broker, access: Access
) -> None:
    declared = shop(broker.topology.vhost)
    bury(platform, "payments", 1, 2, 3)
    assert dead_letters.replay(access, declared, None, "id-2") == 1
    with platform.holding("payments") as held:
        (back,) = [one.message for one in held]
    assert (back.id, back.headers["mine"], back.published) == ("id-2", "kept", NOW)
    assert not {"x-msctl-tries", "x-msctl-cause"} & set(back.headers)
    assert back.properties["message_id"] == "id-2"
    left = dead_letters.dead_letters(access, declared, "payments")
    assert [d.message.id for d in left] == ["id-1", "id-3"]
    assert dead_letters.drop(access, declared, "payments", "id-1") == 1
    assert dead_letters.drop(access, declared, None, None) == 1
    assert dead_letters.dead_letters(access, declared, None) == []


def test_a_thousand_are_replayed_in_their_order(
    broker: RunningBroker, platform: Broker, access: Access
) -> None:
    declared = shop(broker.topology.vhost)
    bury(platform, "payments", *range(1000))
    assert dead_letters.replay(access, declared, "payments", None) == 1000
    with platform.holding("payments") as held:
        assert [one.message.id for one in held] == [f"id-{number}" for number in range(1000)]


def test_the_status_tells_depths_and_an_alarm(
    broker: RunningBroker, platform: Broker, access: Access
) -> None:
    declared = shop(broker.topology.vhost)
    bury(platform, "payments", 1)
    found = read_events(access, declared)
    assert found.trouble is None
    assert [(e.service, e.waiting, e.dead) for e in found.events] == [("orders", 0, 0), ("payments", 0, 1)]
    broker.run(("rabbitmqctl", "set_vm_memory_high_watermark", "0.00001"))
    try:
        alarmed = read_events(access, declared)
    finally:
        broker.run(("rabbitmqctl", "set_vm_memory_high_watermark", "0.4"))
    assert "short of memory or disk" in str(alarmed.trouble)
    assert alarmed.events == found.events
