"""What RabbitMQ lets each service do, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pika.exceptions
import pytest

from msctl.broker.client import Broker
from msctl.errors import BrokerError
from msctl.model.secret import Secret
from tests.integration.broker.conftest import RunningBroker

pytestmark = pytest.mark.integration

ACCESS_REFUSED = 403


def refused(broker: RunningBroker, user: str, attempt: Callable[[Any], object]) -> str:
    """The broker's words when ``user`` tries; fails when it may."""
    channel = broker.channel(user)
    try:
        with pytest.raises(pika.exceptions.ChannelClosedByBroker) as refusal:
            attempt(channel)
        assert refusal.value.reply_code == ACCESS_REFUSED
        return str(refusal.value.reply_text)
    finally:
        channel.connection.close()


def test_a_declared_event_reaches_its_subscriber(broker: RunningBroker, platform: Broker) -> None:
    with broker.as_user("orders") as orders:
        orders.publish("events", "order.placed", b"{}")
    facts = platform.queue_facts("payments")
    assert facts is not None
    assert (facts.messages, facts.consumers) == (1, 0)


def test_an_undeclared_event_is_refused(broker: RunningBroker, platform: Broker) -> None:
    with (
        broker.as_user("orders") as orders,
        pytest.raises(BrokerError, match=r"access to topic 'payment\.captured'"),
    ):
        orders.publish("events", "payment.captured", b"{}")


def test_a_foreign_queue_cannot_be_read(broker: RunningBroker) -> None:
    words = refused(broker, "orders", lambda channel: channel.basic_get("payments"))
    assert "queue 'payments'" in words


@pytest.mark.parametrize(
    ("exchange", "key"),
    [("", "payments"), ("", "orders.dead"), ("payments.retry", "payments.dead"), ("amq.direct", "payments")],
)
def test_no_other_exchange_can_be_written(broker: RunningBroker, exchange: str, key: str) -> None:
    refused(broker, "orders", lambda channel: channel.basic_publish(exchange, key, b"forged"))


@pytest.mark.parametrize(
    "attempt",
    [
        lambda channel: channel.queue_declare("mine"),
        lambda channel: channel.queue_bind("orders", "events", "#"),
        lambda channel: channel.queue_delete("orders"),
        lambda channel: channel.exchange_declare("mine"),
        lambda channel: channel.queue_purge("payments"),
    ],
)
def test_a_service_declares_nothing(broker: RunningBroker, attempt: Callable[[Any], object]) -> None:
    refused(broker, "orders", attempt)


def test_the_own_queue_can_be_looked_at_and_consumed(broker: RunningBroker, platform: Broker) -> None:
    with broker.as_user("payments") as payments:
        payments.publish("events", "payment.captured", b"paid")
    channel = broker.channel("orders")
    channel.queue_declare("orders", passive=True)
    _, properties, body = channel.basic_get("orders", auto_ack=True)
    channel.connection.close()
    assert body == b"paid"
    assert properties.delivery_mode == 2


def test_a_wrong_password_is_told(broker: RunningBroker) -> None:
    with pytest.raises(BrokerError, match="wrong user, password or virtual host"):
        Broker(broker.url("orders", Secret("wrong"))).connect()


def test_the_default_user_does_not_exist(broker: RunningBroker) -> None:
    assert {user["name"] for user in broker.export()["users"]} == {"_platform", "orders", "payments"}
