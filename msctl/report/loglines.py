"""Log records as a person reads them."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any

from rich.text import Text

from msctl.telemetry.loglines.harmless import harmless, shortened
from msctl.telemetry.loglines.recognise import ERROR_KEYS, LEVEL_KEYS, TIME_KEYS
from msctl.telemetry.loglines.record import LogRecord

_COLOURS = ("cyan", "green", "magenta", "yellow", "blue", "bright_cyan", "bright_green", "bright_magenta")
_LEVELS: Mapping[str, tuple[str, str]] = {
    "trace": ("TRC", "dim"),
    "debug": ("DBG", "dim"),
    "info": ("INF", ""),
    "warning": ("WRN", "yellow"),
    "error": ("ERR", "bold red"),
    "critical": ("CRT", "bold white on red"),
}
_OBVIOUS = frozenset(
    {*LEVEL_KEYS, *TIME_KEYS, *ERROR_KEYS, "logger", "service", "instance", "project", "request_id"}
)
"""Fields that the other columns say, or that help nobody who reads."""

_LONGEST_FIELD = 200
_INDENT = "    "


def log_text(record: LogRecord, name: str, width: int) -> Text:
    """One record with the time of day, its container's ``name`` in a colour of its own, and its level."""
    colour = _COLOURS[zlib.crc32(record.service.encode()) % len(_COLOURS)]
    stamp = record.time.astimezone().strftime("%H:%M:%S.%f")[:-3]
    mark, style = _LEVELS[record.said.level or "info"]
    parts: list[tuple[str, str] | str] = [(stamp, "dim"), " ", (f"{name:<{width}}", colour), " "]
    parts += [(mark, style), " ", (_message(record), style if style != "dim" else "")]
    if fields := _fields(record):
        parts += ["  ", (fields, "dim")]
    text = Text.assemble(*parts)
    for line in _more(record):
        text.append(f"\n{_INDENT}{line}", "dim")
    return text


def _message(record: LogRecord) -> str:
    lines = harmless(record.said.message).split("\n")
    return shortened(lines[0])


def _fields(record: LogRecord) -> str:
    shown = (
        f"{harmless(key)}={_value(value)}"
        for key, value in record.said.fields.items()
        if key not in _OBVIOUS and value not in (None, "", [], {})
    )
    return shortened(" ".join(shown))


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return shortened(harmless(text).replace("\n", "⏎"), _LONGEST_FIELD)


def _more(record: LogRecord) -> list[str]:
    """Further lines of the message, and the traceback; indented, so that none looks like a record."""
    rest = harmless(record.said.message).split("\n")[1:]
    for key in ERROR_KEYS:
        value = record.said.fields.get(key)
        if isinstance(value, str) and value:
            rest += harmless(value).rstrip().split("\n")
    return [shortened(line) for line in rest]
