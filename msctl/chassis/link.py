"""A connection to RabbitMQ that is kept: whether it works, why not, and when it is tried again."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aio_pika
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError
from aiormq.exceptions import (
    AuthenticationError,
    ChannelAccessRefused,
    ChannelPreconditionFailed,
    ConnectionNotAllowed,
    ProbableAuthenticationError,
)

from msctl.chassis.backoff import Backoff
from msctl.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from aio_pika.abc import AbstractChannel, AbstractConnection

CONNECT_SECONDS = 5.0
HEARTBEAT_SECONDS = 10
FAREWELL_SECONDS = 1.0
"""How long a broker that hangs may take to confirm that one leaves."""

LOOK_SECONDS = 0.5
BLOCKED = "RabbitMQ takes no events for now: it is short of memory or disk (msctl logs broker)"
AWAY = (AMQPError, ChannelInvalidStateError, OSError, TimeoutError, RuntimeError)
PATIENT = Backoff(first=4.0, most=10.0)
"""What the broker refuses is asked again seldom: a person has to change something first."""

_log = logging.getLogger(__name__)


class Refused(ConnectionError):
    """The broker is there and says no."""


_REFUSALS = (
    Refused,
    AuthenticationError,
    ProbableAuthenticationError,
    ConnectionNotAllowed,
    ChannelAccessRefused,
    ChannelPreconditionFailed,
)


@dataclass(slots=True)
class Link:
    """Whether a connection is up, and why not."""

    cause: str | None = "not connected yet"
    up: asyncio.Event = field(default_factory=asyncio.Event)

    def opened(self) -> None:
        """It works."""
        self.cause = None
        self.up.set()

    def lost(self, error: BaseException | str) -> None:
        """It does not work, because of ``error``."""
        self.up.clear()
        cause = " ".join(str(error).split()) or type(error).__name__
        if isinstance(error, _REFUSALS) and not isinstance(error, Refused):
            cause = f"RabbitMQ refuses this service: {cause}"
        if cause != self.cause:
            _log.warning("the broker is away: %s", cause)
        self.cause = cause


async def keep(
    url: str,
    name: str,
    link: Link,
    session: Callable[[AbstractConnection], Awaitable[None]],
    backoff: Backoff,
    patient: Backoff = PATIENT,
) -> None:
    """Connect and run ``session`` again and again, until cancelled; ``patient`` waits after a refusal."""
    failures = 0
    while True:
        try:
            connection = await aio_pika.connect(
                url, timeout=CONNECT_SECONDS, heartbeat=HEARTBEAT_SECONDS,
                client_properties={"connection_name": name},
            )  # fmt: skip
            async with _leaving(connection):
                await session(connection)
        except AWAY as error:
            _end_if_cancelled(error)
            failures = 1 if link.up.is_set() else failures + 1
            link.lost(error)
            waiting = patient if isinstance(error, _REFUSALS) else backoff
            await asyncio.sleep(waiting.delay(failures))


@asynccontextmanager
async def _leaving(connection: AbstractConnection) -> AsyncIterator[None]:
    """Close ``connection`` at the end, confirmed or not."""
    try:
        yield
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_SECONDS):
                await connection.close()


def _end_if_cancelled(error: BaseException) -> None:
    """Who is cancelled while the broker goes away gets the broker's error from aiormq, and would go on."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError from error


async def lost(connection: AbstractConnection, channel: AbstractChannel) -> None:
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


@asynccontextmanager
async def watching_alarms(connection: AbstractConnection, link: Link) -> AsyncIterator[None]:
    """While the broker blocks ``connection``, ``link`` is not up."""
    watch = asyncio.ensure_future(_watch(connection, link))
    try:
        yield
    finally:
        watch.cancel()


async def _watch(connection: AbstractConnection, link: Link) -> None:
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        blocked = _is_blocked(connection)
        if blocked and link.up.is_set():
            link.lost(BLOCKED)
        elif not blocked and not link.up.is_set():
            _log.info("RabbitMQ takes events again")
            link.opened()


def _is_blocked(connection: AbstractConnection) -> bool:
    """aiormq tells only by what its ``ready`` waits for: it returns at once while nothing is blocked."""
    if connection.transport is None:
        return False
    question = connection.transport.connection.ready()
    try:
        question.send(None)
    except StopIteration:
        return False
    question.close()
    return True
