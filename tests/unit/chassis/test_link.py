"""When a lost connection is tried again, and how its loss is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aio_pika
import pytest
from aiormq.exceptions import AMQPConnectionError, ConnectionNotAllowed, ProbableAuthenticationError

from msctl.chassis import link as module
from msctl.chassis.backoff import Backoff
from msctl.chassis.link import Link, Refused, keep

USUAL = Backoff(first=1.0, most=2.0, chance=lambda: 0.0)
PATIENT = Backoff(first=4.0, most=10.0, chance=lambda: 0.0)
AT_MOST_ONE_A_SECOND_OF_TWO_LINKS = 2.0


class Stopped(Exception):
    """Ends a loop that has no end."""


async def waits(
    monkeypatch: pytest.MonkeyPatch, error: Exception, link: Link, number: int = 4
) -> list[float]:
    """Seconds between the first tries, each of which ends with ``error``."""
    slept: list[float] = []

    async def connect(*_: object, **__: object) -> None:
        raise error

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == number:
            raise Stopped

    monkeypatch.setattr(aio_pika, "connect", connect)
    monkeypatch.setattr("msctl.chassis.link.asyncio.sleep", sleep)
    with pytest.raises(Stopped):
        await keep("amqp://x", "test", link, never, USUAL, PATIENT)
    return slept


async def never(_: Any) -> None:
    raise AssertionError


REFUSALS = {
    "a wrong password": ProbableAuthenticationError("ACCESS_REFUSED - Login was refused"),
    "a wrong virtual host": ConnectionNotAllowed(530, "NOT_ALLOWED - vhost x not found"),
    "a missing queue": Refused("queue 'orders' does not exist; 'msctl up' declares it"),
}


@pytest.mark.parametrize("name", REFUSALS)
async def test_after_a_refusal_both_connections_together_ask_at_most_once_a_second(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """AMQ-11, AMQ-14."""
    link = Link()
    slept = await waits(monkeypatch, REFUSALS[name], link)
    assert min(slept) >= AT_MOST_ONE_A_SECOND_OF_TWO_LINKS
    assert str(REFUSALS[name].args[-1]).split(" - ")[0] in str(link.cause)


async def test_what_is_only_away_is_asked_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await waits(monkeypatch, ConnectionRefusedError("no"), Link()) == [0.5, 1.0, 1.0, 1.0]


async def test_who_is_cancelled_as_the_broker_goes_away_does_not_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """aiormq raises the broker's error in place of the cancellation when both come at once."""
    connecting, going = asyncio.Event(), ["away"]

    async def connect(*_: object, **__: object) -> None:
        connecting.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as cancelled:
            if going.pop():
                raise AMQPConnectionError("the connection is closed") from cancelled

    monkeypatch.setattr(aio_pika, "connect", connect)
    running = asyncio.create_task(keep("amqp://x", "test", Link(), never, USUAL, PATIENT))
    await connecting.wait()
    running.cancel()
    await asyncio.wait([running], timeout=20)
    assert running.cancelled()


class Underlay:
    """A connection of aiormq whose ``ready`` waits while it is blocked."""

    def __init__(self) -> None:
        self.unblocked = asyncio.Event()
        self.connection = self
        self.transport = self

    async def ready(self) -> None:
        await self.unblocked.wait()


async def test_a_blocked_connection_is_no_link_until_it_is_unblocked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.001)
    link, underlay = Link(), Underlay()
    link.opened()
    connection: Any = underlay
    async with module.watching_alarms(connection, link):
        await until(lambda: link.cause == module.BLOCKED)
        assert not link.up.is_set()
        underlay.unblocked.set()
        await asyncio.wait_for(link.up.wait(), 10)
    assert link.cause is None


async def until(question: Callable[[], bool]) -> None:
    while not question():  # noqa: ASYNC110
        await asyncio.sleep(0.001)


def test_a_loss_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    link = Link()
    for _ in range(3):
        link.lost(ConnectionError("gone"))
    assert caplog.text.count("the broker is away: gone") == 1
