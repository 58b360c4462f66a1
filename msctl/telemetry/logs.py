"""JSON log lines on stdout: one object for each record, with ``time``, ``level`` and ``message``."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LONGEST_TEXT = 8192
_OWN_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def _nothing() -> Mapping[str, str]:
    return {}


def _shortened(value: object) -> object:
    if not isinstance(value, str) or len(value) <= LONGEST_TEXT:
        return value
    return f"{value[:LONGEST_TEXT]}… ({len(value)} characters)"


class LineStream(Protocol):
    """Where lines go."""

    def write(self, text: str, /) -> object:
        """Take some text."""

    def flush(self) -> object:
        """Write what has been taken."""


class JsonLines(logging.Formatter):
    """Renders a record as one line of ASCII JSON, so that nothing logged can forge or break a line.

    ``identity`` (service, instance, …) is on every line; ``context`` is asked for each record (trace id).
    """

    def __init__(
        self, identity: Mapping[str, str], context: Callable[[], Mapping[str, str]] = _nothing
    ) -> None:
        super().__init__()
        self._identity = dict(identity)
        self._context = context

    def format(self, record: logging.LogRecord) -> str:
        """The JSON line of ``record``, without the line end."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            "logger": record.name,
            **self._identity,
            **self._context(),
        }
        line.update((key, value) for key, value in vars(record).items() if key not in _OWN_FIELDS)
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps({key: _shortened(value) for key, value in line.items()}, default=str)


def configure(
    identity: Mapping[str, str],
    level: str = "info",
    context: Callable[[], Mapping[str, str]] = _nothing,
    stream: LineStream | None = None,
) -> None:
    """Send all records to ``stream`` (stdout) as JSON lines; an unknown ``level`` means info."""
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(JsonLines(identity, context))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.getLevelNamesMapping().get(level.upper(), logging.INFO))
