"""The topology that a manifest's publishes and subscribes stand for."""

from __future__ import annotations

from dataclasses import replace

from msctl.broker.topology import Binding, Exchange, Party, retry_queue, topology
from tests.unit.broker.declaring import SHOP, project, service

QUEUE = {
    "x-queue-type": "quorum",
    "x-dead-letter-exchange": "",
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",
}


def test_a_subscriber_gets_queue_tiers_and_dead_letters() -> None:
    found = topology(project(service("orders", [], ["payment.*", "stock.#"])))
    assert found.vhost == "shop"
    assert {queue.name: dict(queue.arguments) for queue in found.queues} == {
        "orders": QUEUE | {"x-dead-letter-routing-key": "orders.dead", "x-delivery-limit": 100},
        "orders.retry.1s": QUEUE | {"x-dead-letter-routing-key": "orders", "x-message-ttl": 1_000},
        "orders.retry.10s": QUEUE | {"x-dead-letter-routing-key": "orders", "x-message-ttl": 10_000},
        "orders.retry.60s": QUEUE | {"x-dead-letter-routing-key": "orders", "x-message-ttl": 60_000},
        "orders.dead": {"x-queue-type": "quorum"},
    }
    assert found.exchanges == (Exchange("events", "topic"), Exchange("orders.retry", "direct"))
    assert found.bindings == (
        Binding("events", "orders", "payment.*"),
        Binding("events", "orders", "stock.#"),
        Binding("orders.retry", "orders.retry.1s", "orders.retry.1s"),
        Binding("orders.retry", "orders.retry.10s", "orders.retry.10s"),
        Binding("orders.retry", "orders.retry.60s", "orders.retry.60s"),
        Binding("orders.retry", "orders.dead", "orders.dead"),
    )


def test_who_neither_publishes_nor_subscribes_takes_no_part() -> None:
    found = topology(SHOP)
    assert found.parties == (
        Party("orders", ("order.placed",), True),
        Party("payments", ("payment.captured", "payment.declined"), True),
        Party("mail", (), True),
        Party("audit", ("audit.done",), False),
    )
    assert "audit" not in {queue.name for queue in found.queues}


def test_an_ordered_subscription_has_one_active_consumer() -> None:
    (ordered, *tiers) = topology(project(service("orders", [], ["payment.*"], ordered=True))).queues
    assert ordered.arguments["x-single-active-consumer"] is True
    assert all("x-single-active-consumer" not in tier.arguments for tier in tiers)


def test_a_pattern_twice_is_bound_once() -> None:
    found = topology(project(replace(service("orders", [], ["a.*", "a.*"]), event_retries=())))
    assert found.bindings == (
        Binding("events", "orders", "a.*"),
        Binding("orders.retry", "orders.dead", "orders.dead"),
    )


def test_names_of_tiers() -> None:
    assert retry_queue("orders", 0.5) == "orders.retry.500ms"
    assert retry_queue("orders", 90) == "orders.retry.90s"


def test_names_are_unique() -> None:
    found = topology(SHOP)
    for names in ([q.name for q in found.queues], [e.name for e in found.exchanges]):
        assert len(names) == len(set(names))
