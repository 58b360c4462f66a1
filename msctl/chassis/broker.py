"""RabbitMQ by aio-pika: publishing with confirms, and consuming, on a connection each.

They are two because the broker blocks a connection that publishes too much, and acknowledgements must go on.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aio_pika import DeliveryMode
from aio_pika.exceptions import ChannelNotFoundEntity, PublishError
from aiormq.exceptions import ChannelAccessRefused
from pamqp.commands import Basic

from msctl.chassis.cloudevents import CONTENT_TYPE
from msctl.chassis.link import AWAY, FAREWELL_SECONDS, Link, Refused, keep, lost, watching_alarms
from msctl.chassis.relay import EventRefused, EventUnroutable
from msctl.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from aio_pika.abc import (
        AbstractConnection,
        AbstractIncomingMessage,
    )
    from aiormq.abc import AbstractChannel as UnderlayChannel

    from msctl.chassis.backoff import Backoff
    from msctl.chassis.cloudevents import Event
    from msctl.chassis.store import Outgoing
    from msctl.chassis.subscriptions import Delivery

EXCHANGE = "events"
CONFIRM_SECONDS = 5.0
PREFETCH = 20
PERSISTENT = DeliveryMode.PERSISTENT.value
_log = logging.getLogger(__name__)


class Publisher:
    """Publishes with confirms."""

    def __init__(self, url: str, name: str, service: str, backoff: Backoff) -> None:
        self.link = Link()
        self._url = url
        self._name = name
        self._service = service
        self._backoff = backoff
        self._channel: UnderlayChannel | None = None

    async def run(self) -> None:
        """Stay connected until cancelled."""
        await keep(self._url, f"{self._name} publishes", self.link, self._session, self._backoff)

    async def _session(self, connection: AbstractConnection) -> None:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        self._channel = await channel.get_underlay_channel()
        self.link.opened()
        try:
            async with watching_alarms(connection, self.link):
                await lost(connection, channel)
        finally:
            self._channel = None

    async def ready(self) -> None:
        """Wait until the broker is there."""
        await self.link.up.wait()

    async def publish(self, entry: Outgoing) -> None:
        """Publish an event to the exchange and wait for the broker's confirmation."""
        properties = _properties(entry.event_id, entry.event_type)
        try:
            await self._confirmed(EXCHANGE, entry.event_type, entry.body, properties)
        except PublishError as error:
            raise EventUnroutable(f"no queue takes {entry.event_type}") from error
        except ChannelAccessRefused as error:
            # The refusal of one event closes the channel under all others; it names the one it means.
            kind = EventRefused if f"'{entry.event_type}'" in str(error) else BrokerError
            raise kind(f"{entry.event_type} was not confirmed: {error}") from error
        except AWAY as error:
            raise BrokerError(
                f"{entry.event_type} was not confirmed: {str(error) or type(error).__name__}"
            ) from error

    async def forward(
        self, message: AbstractIncomingMessage, queue: str, headers: Mapping[str, str | int]
    ) -> None:
        """Put a copy of ``message`` into one of the service's retry and dead-letter queues, confirmed."""
        properties = Basic.Properties(
            headers={**message.headers, **headers}, message_id=message.message_id, message_type=message.type,
            content_type=message.content_type, timestamp=message.timestamp, delivery_mode=PERSISTENT,
        )  # fmt: skip
        await self._put_aside(message.body, properties, queue)

    async def bury(self, queue: str, event: Event, body: bytes, headers: Mapping[str, str | int]) -> None:
        """Put an event that came long ago into the service's dead-letter queue, confirmed."""
        properties = _properties(event.id, event.type)
        properties.headers = dict(headers)
        await self._put_aside(body, properties, queue)

    async def _put_aside(self, body: bytes, properties: Basic.Properties, queue: str) -> None:
        try:
            await self._confirmed(f"{self._service}.retry", queue, body, properties)
        except AWAY as error:
            raise BrokerError(
                f"{queue} did not take an event: {str(error) or type(error).__name__}"
            ) from error

    async def _confirmed(self, exchange: str, key: str, body: bytes, properties: Basic.Properties) -> None:
        """On aiormq's channel: aio-pika's own way there costs as much again."""
        if self._channel is None or not self.link.up.is_set():
            raise ConnectionError(self.link.cause or "not connected")
        await self._channel.basic_publish(
            body, exchange=exchange, routing_key=key, properties=properties, mandatory=True,
            timeout=CONFIRM_SECONDS,
        )  # fmt: skip


def _properties(event_id: str, event_type: str) -> Basic.Properties:
    return Basic.Properties(
        message_id=event_id, message_type=event_type, content_type=CONTENT_TYPE, timestamp=datetime.now(UTC),
        delivery_mode=PERSISTENT,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _AmqpDelivery:
    message: AbstractIncomingMessage
    publisher: Publisher

    @property
    def body(self) -> bytes:
        return self.message.body

    @property
    def headers(self) -> Mapping[str, object]:
        return self.message.headers

    @property
    def published_as(self) -> str | None:
        return self.message.routing_key if self.message.exchange == EXCHANGE else None

    async def acknowledge(self) -> None:
        try:
            await self.message.ack()
        except AWAY as error:
            raise BrokerError(f"an event could not be acknowledged: {error}") from error

    async def give_back(self) -> None:
        try:
            await self.message.reject(requeue=True)
        except AWAY:
            _log.debug("the broker has taken the event back by itself")

    async def forward(self, queue: str, headers: Mapping[str, str | int]) -> None:
        await self.publisher.forward(self.message, queue, headers)


class Consumer:
    """Takes events from the service's queue, at most PREFETCH at a time."""

    def __init__(
        self, url: str, name: str, queue: str, publisher: Publisher,
        receive: Callable[[Delivery], Awaitable[None]], backoff: Backoff,
    ) -> None:  # fmt: skip
        self.link = Link()
        self._url = url
        self._name = name
        self._queue = queue
        self._publisher = publisher
        self._receive = receive
        self._backoff = backoff
        self._stop_consuming: Callable[[], Awaitable[object]] | None = None
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def run(self) -> None:
        """Consume until cancelled."""
        await keep(self._url, f"{self._name} consumes", self.link, self._session, self._backoff)

    async def _session(self, connection: AbstractConnection) -> None:
        channel = await connection.channel(publisher_confirms=False)
        await channel.set_qos(prefetch_count=PREFETCH)
        queue = await channel.get_queue(self._queue, ensure=False)
        try:
            tag = await queue.consume(self._on_message)
        except ChannelNotFoundEntity as error:
            raise Refused(f"queue '{self._queue}' does not exist; 'msctl up' declares it") from error
        self._stop_consuming = lambda: queue.cancel(tag, timeout=FAREWELL_SECONDS)
        self.link.opened()
        try:
            await lost(connection, channel)
        finally:
            self._stop_consuming = None

    async def _on_message(self, message: AbstractIncomingMessage) -> None:
        self._in_flight += 1
        self._idle.clear()
        try:
            await self._receive(_AmqpDelivery(message, self._publisher))
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._idle.set()

    async def stop(self) -> None:
        """Take no more events and wait until those in flight are settled."""
        if self._stop_consuming is not None:
            try:
                await self._stop_consuming()
            except AWAY as error:
                _log.debug("consuming had ended by itself: %s", error)
        await self._idle.wait()
