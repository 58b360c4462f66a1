"""The expressions that RabbitMQ checks, against what they must and must not match."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msctl.broker.permissions import PLATFORM_USER, Rights, exactly, rights, routing_keys
from msctl.broker.topology import topology
from tests.unit.broker.declaring import SHOP

WORDS = st.lists(st.sampled_from(["a", "b", "order", "placed-2"]), min_size=1, max_size=4)
PATTERNS = st.lists(st.sampled_from(["a", "b", "order", "*", "#"]), min_size=1, max_size=4)


def of(user: str) -> Rights:
    return next(right for right in rights(topology(SHOP)) if right.user == user)


def may(expression: str, name: str) -> bool:
    return re.search(expression, name) is not None


def matches(pattern: list[str], key: list[str]) -> bool:
    """What AMQP's topic exchanges do, said in the simplest way."""
    if not pattern:
        return not key
    if pattern[0] == "#":
        return any(matches(pattern[1:], key[skip:]) for skip in range(len(key) + 1))
    return bool(key) and pattern[0] in ("*", key[0]) and matches(pattern[1:], key[1:])


@pytest.mark.parametrize(
    "name",
    ["amq.default", "", "payments", "payments.retry", "orders", "ordersXretry", "events2", "amq.topic"],
)
def test_a_service_writes_only_to_events_and_its_own_retries(name: str) -> None:
    assert not may(of("orders").write, name)


def test_a_service_may_what_it_declared() -> None:
    orders = of("orders")
    assert may(orders.write, "events")
    assert may(orders.write, "orders.retry")
    assert may(orders.read, "orders")
    assert may(orders.topic_write, "order.placed")


@pytest.mark.parametrize(
    "key", ["payment.captured", "order.placedX", "orderXplaced", "", "order.placed.again"]
)
def test_undeclared_keys_are_no_match(key: str) -> None:
    assert not may(of("orders").topic_write, key)


@pytest.mark.parametrize("name", ["payments", "orders.dead", "", "orders.retry.1s", "xorders"])
def test_other_queues_cannot_be_read(name: str) -> None:
    assert not may(of("orders").read, name)


def test_services_configure_nothing() -> None:
    for party in ("orders", "payments", "mail", "audit"):
        assert not may(of(party).configure, party)


def test_a_mere_subscriber_publishes_nothing() -> None:
    assert not may(of("mail").write, "events")
    assert not may(of("mail").topic_write, "order.placed")


def test_a_mere_publisher_reads_nothing() -> None:
    assert not may(of("audit").read, "audit")
    assert not may(of("audit").write, "audit.retry")


def test_the_platform_may_everything_and_no_service_bears_its_name() -> None:
    assert may(of(PLATFORM_USER).configure, "anything")
    assert "_" in PLATFORM_USER


@given(PATTERNS, WORDS)
def test_patterns_match_as_topic_exchanges_do(pattern: list[str], key: list[str]) -> None:
    assert may(routing_keys([".".join(pattern)]), ".".join(key)) == matches(pattern, key)


def test_nothing_matches_nothing() -> None:
    assert exactly([]) == routing_keys([]) == "^$"
