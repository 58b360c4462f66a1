"""pika's errors in our words."""

from __future__ import annotations

import pika.exceptions
import pytest

from msctl.broker.client import Broker
from msctl.broker.translation import translated
from msctl.errors import BrokerError
from msctl.model.secret import Secret

CLASH = (
    "PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue 'orders.retry.1s' in vhost 'shop': "
    "received '5' but current is '1000'"
)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (pika.exceptions.ProbableAuthenticationError("x"), "wrong user, password or virtual host"),
        (
            pika.exceptions.ChannelClosedByBroker(403, "ACCESS_REFUSED - no"),
            "refused to look: ACCESS_REFUSED",
        ),
        (pika.exceptions.ChannelClosedByBroker(406, CLASH), "queue 'orders.retry.1s' exists with another"),
        (pika.exceptions.ConnectionClosedByBroker(320, "shutdown"), "cannot look: 320 shutdown"),
        (pika.exceptions.UnroutableError([]), "no queue takes this event"),
        (pika.exceptions.StreamLostError("gone"), "cannot look: .*gone"),
        (ConnectionRefusedError("no"), "cannot look: no"),
    ],
)
def test_errors_say_what_was_tried(error: Exception, words: str) -> None:
    with pytest.raises(BrokerError, match=words), translated("look"):
        raise error


def test_an_unreachable_broker_is_told_with_its_address_and_without_its_password() -> None:
    broker = Broker(Secret("amqp://orders:hush@127.0.0.1:1/shop"), timeout=1)
    with pytest.raises(BrokerError, match=r"connect to RabbitMQ at 127\.0\.0\.1:1: .*refused") as failure:
        broker.connect()
    assert "hush" not in str(failure.value)
