"""Chooses the store that a database URL names; only that database's driver is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msctl.chassis.settings import SettingsInvalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from msctl.chassis.cloudevents import EventFactory
    from msctl.chassis.store import Store


def open_store(url: str | None, make_event: EventFactory, committed: Callable[[], None]) -> Store:
    """The store behind ``url``, or memory; ``committed`` is called when events entered the outbox."""
    match urlsplit(url).scheme if url else "":
        case "":
            from msctl.chassis.memory_store import MemoryStore  # noqa: PLC0415

            return MemoryStore(make_event, committed)
        case "postgresql" | "postgres":
            from msctl.chassis.postgres_store import PostgresStore  # noqa: PLC0415

            return PostgresStore(str(url), make_event, committed)
        case "mysql" | "mariadb":
            from msctl.chassis.mariadb_store import MariadbStore  # noqa: PLC0415

            return MariadbStore(str(url), make_event, committed)
        case "redis":
            from msctl.chassis.redis_store import RedisStore  # noqa: PLC0415

            return RedisStore(str(url), make_event, committed)
        case scheme:
            raise SettingsInvalid(f"the chassis has no database of kind {scheme!r}")
