"""Severities of log records, from whatever words and numbers programs use for them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

LEVELS: Mapping[str, int] = MappingProxyType(
    {"trace": 5, "debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
)
"""Our names and their order; numbers as in the standard library."""

_WORDS: Mapping[str, str] = MappingProxyType(
    {
        **{name: name for name in LEVELS},
        "verbose": "debug", "fine": "debug", "dbg": "debug", "dbug": "debug",
        "information": "info", "informational": "info", "inf": "info", "notice": "info", "note": "info",
        "log": "info", "system": "info", "default": "info", "hint": "info", "detail": "info",
        "statement": "info", "success": "info",
        "warn": "warning", "wrn": "warning",
        "err": "error", "severe": "error", "fail": "error", "failure": "error",
        "crit": "critical", "fatal": "critical", "panic": "critical", "alert": "critical",
        "emergency": "critical", "emerg": "critical", "dpanic": "critical",
    }
)  # fmt: skip
_LONGEST_WORD = max(map(len, _WORDS))


def level_named(value: object) -> str | None:
    """Our level for a program's word or number (bunyan's and pino's tens); ``None`` when it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _numbered(value)
    if not isinstance(value, str) or len(value) > _LONGEST_WORD:
        return None
    return _WORDS.get(value.lower()) or (_numbered(int(value)) if value.isdecimal() else None)


def rank(level: str | None) -> int:
    """Where a level stands; a record that names none counts as info."""
    return LEVELS.get(level or "info", LEVELS["info"])


def _numbered(number: float) -> str | None:
    """Tens as bunyan and pino write them, which are the standard library's shifted by ten."""
    known = {10: "trace", 20: "debug", 30: "info", 40: "warning", 50: "error", 60: "critical"}
    return known.get(int(number))
