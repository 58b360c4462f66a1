"""A database in memory, reached as the engine reaches one: through the streams of its tools."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import cast

from msctl.engine.port import Engine, Stream
from msctl.model.project import DatabaseEngine
from msctl.orchestrator.databases.place import Place
from msctl.orchestrator.databases.scripts import command

_DUMPS: dict[DatabaseEngine, bytes] = {
    "postgres": b"--\n-- PostgreSQL database dump\n--\n%s;\n--\n-- PostgreSQL database dump complete\n--\n",
    "mariadb": b"/*M!999999\\- sandbox */\n-- MariaDB dump 10.19\n--\n%s;\n-- Dump completed\n",
    "redis": b"string 6b -1 %s\n",
}
_UNFIT = b"unfit"
_REFUSED, _KILLED = 1, 137


def dump_of(kind: DatabaseEngine, content: str) -> bytes:
    """What the tool of ``kind`` writes for a database that holds ``content``."""
    return _DUMPS[kind] % content.encode().hex().encode()


@dataclass
class Tool:
    """A tool under way; ``done`` makes of its input the exit code once that has ended."""

    output: bytes
    done: Callable[[bytes], int | None]
    sent: bytes = b""
    ended: Event = field(default_factory=Event)

    def send(self, data: bytes) -> None:
        self.sent += data

    def end_input(self) -> None:
        self.ended.set()

    def receive(self) -> bytes:
        if not self.output:
            self.ended.wait()
        piece, self.output = self.output[:7], self.output[7:]
        return piece

    def exit_code(self) -> int | None:
        return self.done(self.sent)

    def close(self) -> None:
        self.ended.set()


@dataclass
class Database:
    """One that holds ``content`` in the form of its dump, and refuses what has no dump's form."""

    kind: DatabaseEngine
    content: bytes
    killed_while: str = ""
    project: str = "shop"
    restores: int = 0

    @property
    def place(self) -> Place:
        return Place("orders", f"{self.project}-orders-db", self.kind)

    @property
    def engine(self) -> Engine:
        return engine_with(self)

    def open(self, words: Sequence[str]) -> Tool:
        if list(words) == command(self.kind, "dump", "orders"):
            whole = self.killed_while != "dump"
            tool = Tool(self.content if whole else self.content[:20], lambda _: 0 if whole else _KILLED)
            tool.end_input()
            return tool
        assert list(words) == command(self.kind, "restore", "orders")
        return Tool(b"", self._take)

    def _take(self, sent: bytes) -> int:
        self.restores += 1
        if self.kind == "mariadb":
            self.content = sent
        if self.killed_while == "restore":
            return _KILLED
        if _UNFIT in sent:
            return _REFUSED
        self.content = sent
        return 0


def engine_with(*databases: Database) -> Engine:
    """An engine that reaches these."""

    class _Engine:
        def open_stream(self, name: str, words: Sequence[str]) -> Stream:
            return next(one for one in databases if one.place.container == name).open(words)

    return cast(Engine, _Engine())
