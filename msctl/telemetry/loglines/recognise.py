"""What a log record says of itself: JSON, logfmt or plain text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from msctl.telemetry.loglines.levels import level_named

Form = Literal["json", "logfmt", "plain"]

MESSAGE_KEYS = ("message", "msg", "@message", "event", "log", "text")
LEVEL_KEYS = ("level", "severity", "@level", "lvl", "levelname", "log.level", "loglevel")
TRACE_KEYS = ("trace_id", "traceId", "traceID", "trace.id", "traceid", "otelTraceID", "dd.trace_id")
TIME_KEYS = ("time", "timestamp", "ts", "@timestamp", "datetime", "t")
ERROR_KEYS = ("error", "exception", "stacktrace", "stack", "exc_info", "err")

_HEX = re.compile(r"[0-9a-f]{16,32}\Z")
_PARENT = re.compile(r"\b00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}\b")
_PAIR = re.compile(r'([A-Za-z_@][\w.\-]*)=("(?:[^"\\]|\\.)*"|[^\s"=]*)(?=\s|\Z)')
_FEWEST_PAIRS = 2
_BEGINNING = 96
_SHOUTED = re.compile(
    r"\b(TRACE|DEBUG|VERBOSE|INFO|NOTICE|WARN|WARNING|ERROR|ERR|SEVERE|CRITICAL|CRIT|FATAL|PANIC|LOG)\b"
)
_MARKED = re.compile(
    r"\[(trace|debug|info|note|notice|system|warn|warning|error|err|crit|critical|alert|emerg|fatal)\]"
    r"|(?:^|[\s\]|])(debug|info|notice|warn|warning|error|critical|fatal|panic)\s?:(?=\s|\Z)",
    re.IGNORECASE,
)
_REDIS = re.compile(r"\d+:[XCSM] \d\d \w{3} \d{4} [\d:.]+ ([.\-*#]) ")
_REDIS_LEVELS = {".": "debug", "-": "debug", "*": "info", "#": "warning"}
_STAMP = re.compile(
    r"\A\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d?:\d\d:\d\d(?:[.,]\d+)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?\]?[ \t]+(?=\S)"
)
"""A program's own time at the beginning of a line, which the engine's makes needless to read."""

_TRACEBACK = "Traceback (most recent call last):"


@dataclass(frozen=True, slots=True)
class Recognised:
    """``message`` is what a person reads first; ``fields`` all the record says besides, as it says it."""

    form: Form
    message: str
    level: str | None = None
    trace_id: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


def recognise(text: str) -> Recognised:
    """The record in ``text``, which may be several lines; whatever cannot be read is plain."""
    if text.lstrip(" \t")[:1] == "{":
        values = _object(text)
        if values is not None:
            return _structured("json", values, text)
    if "=" in text:
        pairs = _pairs(text)
        if pairs is not None:
            return _structured("logfmt", pairs, text)
    return Recognised("plain", _STAMP.sub("", text, count=1), _plain_level(text), _parent_in(text))


def _object(text: str) -> dict[str, Any] | None:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) and values else None


def _structured(form: Form, values: dict[str, Any], text: str) -> Recognised:
    message_key = next((key for key in MESSAGE_KEYS if isinstance(values.get(key), str)), None)
    level = next((found for key in LEVEL_KEYS if (found := level_named(values.get(key)))), None)
    said = {key: value for key, value in values.items() if key != message_key}
    return Recognised(form, values[message_key] if message_key else text, level, _trace(values), said)


def _trace(values: Mapping[str, Any]) -> str | None:
    for key in TRACE_KEYS:
        value = values.get(key)
        if isinstance(value, str) and _HEX.match(value):
            return value
    parent = values.get("traceparent")
    return _parent_in(parent) if isinstance(parent, str) else None


def _parent_in(text: str) -> str | None:
    if "00-" not in text:
        return None
    match = _PARENT.search(text)
    return match[1] if match else None


def _pairs(text: str) -> dict[str, Any] | None:
    """The pairs of a logfmt line: it begins with one and has a message or a level among several."""
    if not _PAIR.match(text):
        return None
    found = {key: _unquoted(value) for key, value in _PAIR.findall(text)}
    told = any(key in found for key in (*MESSAGE_KEYS, *LEVEL_KEYS))
    return found if told and len(found) >= _FEWEST_PAIRS else None


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    try:
        return str(json.loads(value))
    except ValueError:
        return value[1:-1]


def _plain_level(text: str) -> str | None:
    beginning = text[:_BEGINNING]
    shouted = _SHOUTED.search(beginning)
    if shouted:
        return level_named(shouted[1])
    marked = _MARKED.search(beginning)
    if marked:
        return level_named(marked[1] or marked[2])
    redis = _REDIS.match(beginning)
    if redis:
        return _REDIS_LEVELS[redis[1]]
    return "error" if _TRACEBACK in text else None
