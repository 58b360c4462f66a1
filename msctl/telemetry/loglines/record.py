"""One log record, and which records somebody wants to see."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from msctl.telemetry.loglines.grouping import Entry
from msctl.telemetry.loglines.levels import rank
from msctl.telemetry.loglines.recognise import Recognised, recognise

SPANS = "msctl.span"
"""Logger of the records that tell how long a piece of work took."""


@dataclass(frozen=True, slots=True)
class LogRecord:
    """What a container wrote at ``time`` (the engine's stamp); ``text`` as it wrote it, secrets taken out.

    ``service`` is the service's name, or the role's of a platform container.
    """

    time: datetime
    container: str
    service: str
    instance: int | None
    stream: str
    text: str
    said: Recognised

    def to_json(self) -> dict[str, Any]:
        """Plain values, as ``--json`` and the observer give them."""
        return {
            "time": self.time.isoformat().replace("+00:00", "Z"),
            "container": self.container,
            "service": self.service,
            "instance": self.instance,
            "stream": self.stream,
            "level": self.said.level,
            "message": self.said.message,
            "trace_id": self.said.trace_id,
            "fields": dict(self.said.fields),
            "text": self.text,
        }


@dataclass(frozen=True, slots=True)
class Writer:
    """Whose record it is."""

    container: str
    service: str
    instance: int | None = None


def record_of(writer: Writer, entry: Entry, text: str) -> LogRecord:
    """The record of an entry whose redacted text is ``text``."""
    return LogRecord(
        entry.time, writer.container, writer.service, writer.instance, entry.stream, text, recognise(text)
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records to show; what is ``None`` or empty asks for nothing.

    ``words`` is what ``--grep`` takes: all words must be there, each at the beginning of one, whatever their
    case; ``/…/`` is a regular expression. ``trace`` is a trace id or its beginning. Spans of services, which
    ``msctl trace`` draws, are shown only to whoever asks for ``spans``.
    """

    since: datetime | None = None
    until: datetime | None = None
    level: str | None = None
    words: str | None = None
    trace: str | None = None
    instance: int | None = None
    spans: bool = False
    _patterns: tuple[re.Pattern[str], ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        object.__setattr__(self, "_patterns", patterns(self.words or ""))

    @property
    def selective(self) -> bool:
        """Whether it looks at what records say, not only at when and by whom."""
        return bool(self.level or self._patterns or self.trace)

    def accepts(self, record: LogRecord) -> bool:
        """Whether ``record`` is wanted."""
        said = record.said
        if (self.instance is not None and record.instance != self.instance) or not self._in_time(record):
            return False
        if (not self.spans and is_span(said)) or not (said.trace_id or "").startswith(self.trace or ""):
            return False
        if self.level is not None and rank(said.level) < rank(self.level):
            return False
        return self.finds(record.text)

    def _in_time(self, record: LogRecord) -> bool:
        return (self.since is None or record.time >= self.since) and (
            self.until is None or record.time <= self.until
        )

    def finds(self, text: str) -> bool:
        """Whether the words are in ``text``."""
        return all(pattern.search(text) for pattern in self._patterns)


def is_span(said: Recognised) -> bool:
    """Whether the record only tells how long a piece of work took."""
    return said.fields.get("logger") == SPANS


def patterns(words: str) -> tuple[re.Pattern[str], ...]:
    """What all must be found; raises ``re.error`` for a regular expression that is none."""
    expression = regular_expression(words)
    if expression is not None:
        return (re.compile(expression),)
    return tuple(re.compile(_word(word), re.IGNORECASE) for word in words.split())


def regular_expression(words: str) -> str | None:
    """What stands between slashes, if ``words`` is written so."""
    slashed = len(words) > 2 and words[0] == words[-1] == "/"  # noqa: PLR2004
    return words[1:-1] if slashed else None


def _word(word: str) -> str:
    return rf"(?<![^\W_]){re.escape(word)}" if word[0].isalnum() else re.escape(word)
