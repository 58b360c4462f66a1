"""A service as a process of its own that can be told when to die: ``MODE DATABASE_URL AMQP_URL``."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any, NoReturn

from msctl.chassis import Event, Service
from msctl.chassis.broker import _AmqpDelivery
from msctl.chassis.migrations import Migration
from msctl.chassis.postgres_store import PostgresStore
from msctl.chassis.service import event_factory
from msctl.chassis.settings import Settings

TABLE = Migration("effects.sql", "CREATE TABLE effects (number int NOT NULL)")
ROUNDS = 100
_TRIES = 20


def die(*_: object) -> NoReturn:
    """As if somebody had sent kill -9."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def consume(mode: str, database_url: str, broker_url: str) -> None:
    """Handle events until SIGTERM: for a while (``slow``), or only till death in or after the first."""
    service = Service("payments")

    @service.subscribe("order.placed")
    async def placed(event: Event, transaction: Any) -> None:
        await transaction.execute("INSERT INTO effects VALUES ($1)", event.data["n"])
        print("began", event.data["n"], flush=True)
        if mode == "dies-in-handler":
            die()
        if mode == "slow":
            await asyncio.sleep(0.5)

    if mode == "dies-before-acknowledging":
        _AmqpDelivery.acknowledge = die  # type: ignore[assignment,method-assign]
    settings = Settings(
        "shop", "payments", "shop-payments-1", port=0, database_url=database_url, broker_url=broker_url
    )
    sys.exit(asyncio.run(service.serve(settings)))


def commit_and_die(database_url: str) -> None:
    """A hundred processes, each of which publishes in a transaction and dies at its commit."""
    for number in range(ROUNDS):
        if not any(_dies_at_its_commit(database_url, number) for _ in range(_TRIES)):
            sys.exit(f"number {number} was not committed")


def _dies_at_its_commit(database_url: str, number: int) -> bool:
    """Whether a process came so far; on a busy machine the database may not let it in in time."""
    child = os.fork()
    if not child:
        try:
            asyncio.run(_commit(database_url, number))
        finally:
            os._exit(1)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


async def _commit(database_url: str, number: int) -> None:
    settings = Settings("shop", "orders", "shop-orders-1")
    store = PostgresStore(database_url, event_factory(settings, lambda *_: None), die)
    await store.open([TABLE])
    async with store.transaction() as transaction:
        await transaction.execute("INSERT INTO effects VALUES ($1)", number)
        await transaction.publish("order.placed", {"n": number})


if __name__ == "__main__":
    if sys.argv[1] == "commit-and-die":
        commit_and_die(sys.argv[2])
    else:
        consume(*sys.argv[1:4])
