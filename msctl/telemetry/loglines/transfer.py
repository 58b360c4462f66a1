"""Log lines on their way from the agent to the observer, and back to whoever asks: values and their JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from msctl.telemetry.loglines.grouping import Entry
from msctl.telemetry.loglines.record import LogRecord, Writer, record_of

STREAMS = ("stdout", "stderr")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """How far one stream of one container was read: the stamp of its last line in microseconds since 1970,
    and which of the lines with this stamp it was, counted from 0."""

    time: int
    number: int


@dataclass(frozen=True, slots=True)
class Source:
    """One life of a container: the engine's ``id`` tells it from others of its name."""

    id: str
    container: str
    service: str
    instance: int | None = None

    @property
    def writer(self) -> Writer:
        """Whose records they are."""
        return Writer(self.container, self.service, self.instance)


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of a log (a traceback is one), without secrets; ``end`` is where its last line stood."""

    time: int
    stream: str
    text: str
    end: Position


@dataclass(frozen=True, slots=True)
class Stored:
    """A line as the store gives it; ids grow as lines come."""

    id: int
    time: int
    source: Source
    stream: str
    text: str

    @property
    def record(self) -> LogRecord:
        """The line, understood."""
        return record_of(self.source.writer, Entry(moment(self.time), self.stream, self.text), self.text)

    def to_json(self) -> dict[str, Any]:
        """As the observer's API gives it."""
        return {"id": self.id, **self.record.to_json()}


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines of one container, in its order."""

    source: Source
    lines: Sequence[Line]


def microseconds(time: datetime) -> int:
    """A time as the store keeps it."""
    return (time - _EPOCH) // _MICROSECOND


def moment(time: int) -> datetime:
    """The inverse of ``microseconds``."""
    return _EPOCH + timedelta(microseconds=time)


def encode(batches: Iterable[Batch]) -> list[Any]:
    """Batches as JSON values, short since there are many."""
    return [
        {
            "source": [b.source.id, b.source.container, b.source.service, b.source.instance],
            "lines": [
                [line.time, STREAMS.index(line.stream), line.text, line.end.time, line.end.number]
                for line in b.lines
            ],
        }
        for b in batches
    ]


def decode(values: Any) -> list[Batch]:
    """The inverse of ``encode``; raises ``ValueError`` for anything else."""
    try:
        return [_batch(value) for value in values]
    except (KeyError, TypeError, IndexError) as exc:
        raise ValueError(f"no batch of log lines: {exc}") from exc


def _batch(value: Mapping[str, Any]) -> Batch:
    identity, container, service, instance = value["source"]
    lines = [
        Line(int(time), STREAMS[stream], str(text), Position(int(end), int(number)))
        for time, stream, text, end, number in value["lines"]
    ]
    number = None if instance is None else int(instance)
    return Batch(Source(str(identity), str(container), str(service), number), lines)
