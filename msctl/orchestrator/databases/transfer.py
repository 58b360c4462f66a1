"""Dumps out of a database's container and back into one, a piece at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import IO

from msctl.engine.port import Engine, Stream
from msctl.errors import EngineError, MsctlError
from msctl.model.project import DatabaseEngine
from msctl.orchestrator.databases.place import Place
from msctl.orchestrator.databases.redis_dump import restoring
from msctl.orchestrator.databases.scripts import command

_PIECE = 256 * 1024


class DatabaseCommandFailed(MsctlError):
    """The database's own tool refused; its words are the message."""

    code = "database-command"


def dump(engine: Engine, place: Place) -> Iterator[bytes]:
    """Everything that the database holds, in its own tool's words."""
    stream = engine.open_stream(place.container, command(place.engine, "dump", place.service))
    try:
        while piece := _receive(stream, place):
            yield piece
    finally:
        stream.close()


def restore(engine: Engine, place: Place, dumped: IO[bytes]) -> None:
    """Replace everything that the database holds by a dump."""
    feed(engine, place, "restore", _restoring(place.engine, dumped))


def _restoring(kind: DatabaseEngine, dumped: IO[bytes]) -> Iterator[bytes]:
    """What the tool reads; where all can be one transaction its end comes last, so that a cut undoes it."""
    if kind == "redis":
        yield from _together(restoring(dumped))
        return
    yield from iter(lambda: dumped.read(_PIECE), b"")
    if kind == "postgres":
        yield b"\nCOMMIT;\n"


def _together(commands: Iterable[bytes]) -> Iterator[bytes]:
    """Many small ones as few large pieces: each costs a round through the engine."""
    gathered = bytearray()
    for one in commands:
        gathered += one
        if len(gathered) >= _PIECE:
            yield bytes(gathered)
            gathered.clear()
    yield bytes(gathered)


def feed(engine: Engine, place: Place, script: str, pieces: Iterable[bytes]) -> bytes:
    """Give a script its input, and return what it wrote."""
    stream = engine.open_stream(place.container, command(place.engine, script, place.service))
    written: list[bytes] = []
    failed: list[MsctlError] = []

    def read() -> None:
        try:
            while piece := _receive(stream, place):
                written.append(piece)
        except MsctlError as error:
            failed.append(error)

    reader = threading.Thread(target=read, name="database", daemon=True)
    reader.start()
    try:
        with suppress(EngineError):  # a tool that gave up no longer reads; its words tell why
            for piece in pieces:
                stream.send(piece)
        stream.end_input()
        reader.join()
    finally:
        stream.close()
    if failed:
        raise failed[0]
    return b"".join(written)


def ask(engine: Engine, kind: DatabaseEngine, place: Place, script: str) -> str:
    """The answer of a script that reads nothing."""
    done = engine.execute(place.container, command(kind, script, place.service), timeout=30.0)
    if done.exit_code != 0:
        raise DatabaseCommandFailed(done.output.strip() or f"exit code {done.exit_code}", _HINT)
    return done.output


_HINT = "'msctl status' and 'msctl logs' tell how the database is"


def _receive(stream: Stream, place: Place) -> bytes:
    """The next piece; empty where the tool ended well, since one that was killed says nothing."""
    try:
        piece = stream.receive()
        code = 0 if piece else stream.exit_code()
    except EngineError as error:
        said = error.message.partition("failed: ")[2] or error.message
        raise DatabaseCommandFailed(f"{place.container}: {said}", _HINT) from error
    if code != 0:
        raise DatabaseCommandFailed(f"{place.container}: the database's tool was ended from outside", _HINT)
    return piece
