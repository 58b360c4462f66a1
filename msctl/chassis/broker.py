"""RabbitMQ by aio-pika: two connections that are kept, one to publish and one to consume.

They are two because the broker blocks a connection that publishes too much, and acknowledgements must go on.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aio_pika
from aio_pika.exceptions import (
    AMQPError,
    ChannelInvalidStateError,
    ChannelNotFoundEntity,
    PublishError,
)
from aiormq.exceptions import ChannelAccessRefused

from msctl.chassis.backoff import Backoff
from msctl.chassis.cloudevents import CONTENT_TYPE
from msctl.chassis.relay import EventRefused
from msctl.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from aio_pika.abc import (
        AbstractChannel,
        AbstractConnection,
        AbstractExchange,
        AbstractIncomingMessage,
        HeadersType,
    )

    from msctl.chassis.store import Outgoing
    from msctl.chassis.subscriptions import Delivery

EXCHANGE = "events"
CONNECT_SECONDS = 5.0
CONFIRM_SECONDS = 5.0
HEARTBEAT_SECONDS = 10
PREFETCH = 20
AWAY = (AMQPError, ChannelInvalidStateError, OSError, TimeoutError, RuntimeError)
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Link:
    """Whether a connection is up, and why not."""

    cause: str | None = "not connected yet"
    up: asyncio.Event = field(default_factory=asyncio.Event)

    def opened(self) -> None:
        """It works."""
        self.cause = None
        self.up.set()

    def lost(self, error: BaseException) -> None:
        """It does not work, because of ``error``."""
        self.up.clear()
        cause = " ".join(str(error).split()) or type(error).__name__
        if cause != self.cause:
            _log.warning("the broker is away: %s", cause)
        self.cause = cause


async def _keep(
    url: str,
    name: str,
    link: Link,
    session: Callable[[AbstractConnection], Awaitable[None]],
    backoff: Backoff,
) -> None:
    failures = 0
    while True:
        try:
            connection = await aio_pika.connect(
                url, timeout=CONNECT_SECONDS, heartbeat=HEARTBEAT_SECONDS,
                client_properties={"connection_name": name},
            )  # fmt: skip
            async with connection:
                await session(connection)
        except AWAY as error:
            failures = 1 if link.up.is_set() else failures + 1
            link.lost(error)
            await asyncio.sleep(backoff.delay(failures))


async def _lost(connection: AbstractConnection, channel: AbstractChannel) -> None:
    """Wait until either is gone, and raise why; a broker's cancelling of the consumer counts too."""
    gone: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()

    def tell(_: object, error: BaseException | None = None) -> None:
        if not gone.done():
            gone.set_result(error)

    connection.close_callbacks.add(tell)
    channel.close_callbacks.add(tell)
    underlay = await channel.get_underlay_channel()
    underlay.on_consumer_cancel_callbacks.add(
        lambda _: tell(None, BrokerError("the broker cancelled the consumer"))
    )
    if connection.is_closed or channel.is_closed:
        tell(None)
    error = await gone
    raise ConnectionError(str(error) if error else "connection closed")


class Publisher:
    """Publishes with confirms; ``unroutable`` is told the type of an event that no queue takes."""

    def __init__(
        self, url: str, name: str, service: str, unroutable: Callable[[str], None], backoff: Backoff
    ) -> None:
        self.link = Link()
        self._url = url
        self._name = name
        self._service = service
        self._unroutable = unroutable
        self._backoff = backoff
        self._retries: AbstractExchange | None = None
        self._events: AbstractExchange | None = None

    async def run(self) -> None:
        """Stay connected until cancelled."""
        await _keep(self._url, f"{self._name} publishes", self.link, self._session, self._backoff)

    async def _session(self, connection: AbstractConnection) -> None:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        self._events = await channel.get_exchange(EXCHANGE, ensure=False)
        self._retries = await channel.get_exchange(f"{self._service}.retry", ensure=False)
        self.link.opened()
        try:
            await _lost(connection, channel)
        finally:
            self._events = self._retries = None

    async def ready(self) -> None:
        """Wait until the broker is there."""
        await self.link.up.wait()

    async def publish(self, entry: Outgoing) -> None:
        """Publish an event to the exchange and wait for the broker's confirmation."""
        message = aio_pika.Message(
            entry.body, message_id=entry.event_id, type=entry.event_type, content_type=CONTENT_TYPE,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )  # fmt: skip
        try:
            await self._confirmed(self._events, message, entry.event_type)
        except PublishError:
            _log.warning(
                "no service subscribes to %s: the broker has dropped event %s",
                entry.event_type,
                entry.event_id,
            )
            self._unroutable(entry.event_type)
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
        merged: HeadersType = {**message.headers, **headers}
        copy = aio_pika.Message(
            message.body, headers=merged, message_id=message.message_id, type=message.type,
            content_type=message.content_type, delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )  # fmt: skip
        try:
            await self._confirmed(self._retries, copy, queue)
        except AWAY as error:
            raise BrokerError(
                f"{queue} did not take an event: {str(error) or type(error).__name__}"
            ) from error

    async def _confirmed(
        self, exchange: AbstractExchange | None, message: aio_pika.Message, key: str
    ) -> None:
        if exchange is None:
            raise ConnectionError(self.link.cause or "not connected")
        await exchange.publish(message, key, mandatory=True, timeout=CONFIRM_SECONDS)


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
        await _keep(self._url, f"{self._name} consumes", self.link, self._session, self._backoff)

    async def _session(self, connection: AbstractConnection) -> None:
        channel = await connection.channel(publisher_confirms=False)
        await channel.set_qos(prefetch_count=PREFETCH)
        queue = await channel.get_queue(self._queue, ensure=False)
        try:
            tag = await queue.consume(self._on_message)
        except ChannelNotFoundEntity as error:
            raise ConnectionError(f"queue '{self._queue}' does not exist yet") from error
        self._stop_consuming = lambda: queue.cancel(tag)
        self.link.opened()
        try:
            await _lost(connection, channel)
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
