"""Commands run inside containers."""

from __future__ import annotations

import shlex
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msctl.engine.docker.frames import Demultiplexer
from msctl.engine.docker.stream import ExecStream, start_exec
from msctl.engine.port import ExecResult
from msctl.errors import CommandTimeout, EngineError

if TYPE_CHECKING:
    from msctl.engine.docker.client import EngineClient
    from msctl.engine.docker.stream import Hijacked

OUTPUT_LIMIT = 1024 * 1024
_CUT = "\n… output cut at 1 MiB"
_SETTLE = 0.005
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Clock:
    """Time as ``execute`` sees it."""

    now: Callable[[], float] = field(default=time.monotonic)
    sleep: Callable[[float], None] = field(default=time.sleep)


def execute(
    client: EngineClient,
    name: str,
    command: Sequence[str],
    *,
    timeout: float,
    user: str | None = None,
    stdin: bytes | None = None,
    clock: Clock,
) -> ExecResult:
    """Run and wait; a command that outlives ``timeout`` goes on, since the engine cannot end it."""
    deadline = clock.now() + timeout
    exec_id = _prepare(client, name, command, user=user, stdin=stdin is not None)
    connection = start_exec(client, exec_id)
    output = _converse(connection, stdin, deadline - clock.now())
    code = None if output is None else _exit_code(client, exec_id, deadline, clock)
    if output is not None and code is not None:
        return ExecResult(code, _text(output))
    raise CommandTimeout(f"'{shlex.join(command)}' in {name} did not end within {timeout:g} s")


def open_stream(client: EngineClient, name: str, command: Sequence[str], clock: Clock) -> ExecStream:
    """Start a command and talk to it."""
    exec_id = _prepare(client, name, command, user=None, stdin=True)

    def ended() -> int | None:
        return _exit_code(client, exec_id, clock.now() + _PATIENCE, clock)

    return ExecStream(start_exec(client, exec_id), f"{command[0]} in {name}", ended)


def _exit_code(client: EngineClient, exec_id: str, deadline: float, clock: Clock) -> int | None:
    """Of a command whose output ended; nothing if it is not known before ``deadline``."""
    while clock.now() < deadline:
        found = client.read(f"/exec/{exec_id}/json")
        if not found["Running"] and found["ExitCode"] is not None:
            return int(found["ExitCode"])
        clock.sleep(_SETTLE)
    return None


def _prepare(
    client: EngineClient, name: str, command: Sequence[str], *, user: str | None, stdin: bool
) -> str:
    body = {
        "Cmd": list(command),
        "AttachStdin": stdin,
        "AttachStdout": True,
        "AttachStderr": True,
        **({"User": user} if user else {}),
    }
    made: str = client.submit(f"/containers/{name}/exec", body)["Id"]
    return made


def _converse(connection: Hijacked, stdin: bytes | None, seconds: float) -> bytes | None:
    """Everything the command wrote, or ``None`` when the time was up first."""
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        connection.close()

    watchdog = threading.Timer(max(0.0, seconds), expire)
    watchdog.daemon = True
    watchdog.start()
    try:
        if stdin is not None:
            _feed(connection, stdin)
        output = _collect(connection)
    finally:
        watchdog.cancel()
        connection.close()
    return None if expired.is_set() else output


def _feed(connection: Hijacked, stdin: bytes) -> None:
    """Write beside the reading: a command that answers while it reads would block on a full pipe."""

    def write() -> None:
        try:
            connection.send(stdin)
        except EngineError:
            return
        connection.end_input()

    threading.Thread(target=write, daemon=True).start()


def _collect(connection: Hijacked) -> bytes:
    frames = Demultiplexer()
    output = bytearray()
    while data := connection.receive():
        for _, payload in frames.feed(data):
            if len(output) <= OUTPUT_LIMIT:
                output += payload
    return bytes(output)


def _text(output: bytes) -> str:
    text = output[:OUTPUT_LIMIT].decode("utf-8", "replace")
    return text + _CUT if len(output) > OUTPUT_LIMIT else text
