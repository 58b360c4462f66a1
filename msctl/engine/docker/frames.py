"""The framing of output streams: eight bytes of header (stream, length), then the payload."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from msctl.engine.port import LogLine

STDOUT = 1
STDERR = 2
_HEADER = struct.Struct(">BxxxL")
_STREAMS = {STDOUT: "stdout", STDERR: "stderr"}


@dataclass(slots=True)
class Demultiplexer:
    """Takes bytes as they come and gives back whole frames as ``(stream, payload)``."""

    _pending: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Frames that ``data`` completes, in order."""
        self._pending += data
        position = 0
        while len(self._pending) - position >= _HEADER.size:
            stream, length = _HEADER.unpack_from(self._pending, position)
            end = position + _HEADER.size + length
            if end > len(self._pending):
                break
            yield stream, bytes(self._pending[position + _HEADER.size : end])
            position = end
        del self._pending[:position]


@dataclass(slots=True)
class LineAssembler:
    """Turns frames of one container's log, each stamped with its time, into lines.

    The engine cuts lines longer than 16 KiB into pieces; only the last piece ends with a newline.
    """

    container: str
    _pieces: dict[int, tuple[datetime, list[bytes]]] = field(default_factory=dict)

    def add(self, stream: int, payload: bytes) -> LogLine | None:
        """The line that ``payload`` ends, stamped with the time of its first piece."""
        stamp, _, text = payload.partition(b" ")
        if stream not in self._pieces:
            self._pieces[stream] = (parse_time(stamp.decode("ascii", "replace")), [])
        began, pieces = self._pieces[stream]
        pieces.append(text)
        if not text.endswith(b"\n"):
            return None
        del self._pieces[stream]
        return self._line(stream, began, pieces)

    def rest(self) -> Iterator[LogLine]:
        """Lines that ended without a newline because the log did."""
        for stream, (began, pieces) in sorted(self._pieces.items()):
            yield self._line(stream, began, pieces)
        self._pieces.clear()

    def _line(self, stream: int, began: datetime, pieces: list[bytes]) -> LogLine:
        text = b"".join(pieces).removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "replace")
        return LogLine(self.container, began, _STREAMS.get(stream, "stdout"), text)


def parse_time(text: str) -> datetime:
    """An engine's RFC 3339 time with up to nine decimals; the Unix epoch when it is none."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)


def optional_time(text: str | None) -> datetime | None:
    """Like ``parse_time``; ``None`` for the year 1, which is the engine's "never"."""
    return None if not text or text.startswith("0001-") else parse_time(text)
