"""Whether a dump can be what a database is to be restored from: looked at before anything is replaced."""

from __future__ import annotations

import re
from typing import IO

from msctl.errors import UsageError
from msctl.model.project import DatabaseEngine
from msctl.orchestrator.databases.redis_dump import restoring

ANOTHER = "name another backup"
_HEAD = 4096
_TAIL = 4096
_PIECE = 256 * 1024
_NAMES: dict[DatabaseEngine, str] = {"postgres": "PostgreSQL", "mariadb": "MariaDB", "redis": "Redis"}
_HEADS: tuple[tuple[bytes, DatabaseEngine], ...] = (
    (b"-- PostgreSQL database dump", "postgres"),
    (b"-- MariaDB dump", "mariadb"),
    (b"-- MySQL dump", "mariadb"),
)
_KEY_OF_REDIS = re.compile(rb"[A-Za-z-]+ (?:[0-9a-f]{2})* -?[0-9]+(?:\s|\Z)")
_ENDS = {"postgres": b"-- PostgreSQL database dump complete", "mariadb": b"-- Dump completed"}
"""What the tools write last, so that a dump which begins like theirs and lacks it was cut short."""

_FOREIGN = {
    b"PGDMP": "pg_dump's custom format; msctl restores plain SQL",
    b"REDIS0": "a snapshot file of Redis; msctl restores its own dumps",
}


def require_fit(dumped: IO[bytes], kind: DatabaseEngine, name: str) -> None:
    """Read ``dumped`` to its end; raises ``UsageError`` where it is damaged, or none for a ``kind``."""
    head = dumped.read(_HEAD)
    for mark, what in _FOREIGN.items():
        if head.startswith(mark):
            raise UsageError(f"{name} is {what}", ANOTHER)
    if not head:
        raise UsageError(f"{name} is empty", ANOTHER)
    made_by = _maker(head)
    if made_by is not None and made_by != kind:
        raise UsageError(f"{name} is a dump of {_NAMES[made_by]}, and this is a {_NAMES[kind]}", ANOTHER)
    if kind == "redis":
        dumped.seek(0)
        for _ in restoring(dumped):
            pass
        return
    if not head.strip() or b"\0" in head:
        raise UsageError(f"{name} holds no statements", ANOTHER)
    tail = head
    while piece := dumped.read(_PIECE):
        tail = (tail + piece)[-_TAIL:]
    if made_by in _ENDS and _ENDS[made_by] not in tail:
        raise UsageError(f"{name} is damaged: its end is missing", ANOTHER)


def _maker(head: bytes) -> DatabaseEngine | None:
    """The engine whose tool wrote a dump that begins so; nothing for statements of a person."""
    if _KEY_OF_REDIS.match(head):
        return "redis"
    return next((made for mark, made in _HEADS if mark in head), None)
