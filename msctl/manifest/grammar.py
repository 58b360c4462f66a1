"""Durations, sizes, rates and the other small languages of single values."""

from __future__ import annotations

import ipaddress
import math
import re
from urllib.parse import urlsplit

from msctl.manifest.faults import Fault, shown, words

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION = re.compile(
    r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?\Z", re.ASCII
)
_BYTES = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_SIZE = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)(B|KiB|MiB|GiB|TiB)\Z", re.ASCII)
_RATE = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)%\Z", re.ASCII)
_IMAGE = re.compile(
    r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::[0-9]{1,5})?/)?"
    r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?\Z"
)
_LONGEST_DURATION = 30 * 24 * 3600.0
_LONGEST_TEXT = 200
_WHOLE = 100
_MOST_CALLS = 100_000
_MOST_MEMORY = 2**50

DURATION_HINT = "a duration such as 500ms, 5s or 1m30s"
SIZE_HINT = "a size such as 256MiB or 1GiB"
RATE_HINT = "a rate such as 50%"


def duration(value: object) -> float:
    """``1m30s`` → 90.0 seconds."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise Fault(f"{shown(value)} has no unit", f"did you mean {shown(value)}s? {DURATION_HINT}")
    text = words(value, "a duration", DURATION_HINT)
    match = _DURATION.match(text) if 0 < len(text) <= _LONGEST_TEXT else None
    if match is None:
        raise Fault(f"{shown(value)} is not a duration", DURATION_HINT)
    seconds = sum(
        float(part) * unit for part, unit in zip(match.groups(), _UNITS.values(), strict=True) if part
    )
    if seconds > _LONGEST_DURATION:
        raise Fault(f"{shown(value)} is too long", "at most 30 days, which is 720h")
    return round(seconds, 6)


def span(value: object) -> float:
    """A duration that is longer than nothing."""
    seconds = duration(value)
    if seconds <= 0:
        raise Fault(f"{shown(value)} is no time at all", f"longer than 0s: {DURATION_HINT}")
    return seconds


def size(value: object) -> int:
    """``256MiB`` → bytes."""
    if isinstance(value, int) and not isinstance(value, bool):
        raise Fault(f"{shown(value)} has no unit", f"did you mean {shown(value)}MiB? {SIZE_HINT}")
    text = words(value, "a size", SIZE_HINT)
    match = _SIZE.match(text)
    if match is None:
        raise Fault(f"{shown(value)} is not a size", _meant_size(text))
    return round(float(match[1]) * _BYTES[match[2]])


def _meant_size(text: str) -> str:
    loose = re.fullmatch(r"(\d{1,12}(?:\.\d+)?)\s*([kmgt])i?b?", text, re.IGNORECASE)
    if loose is None or isinstance(text, str) is False:
        return SIZE_HINT
    return f"did you mean '{loose[1]}{loose[2].upper()}iB'? {SIZE_HINT}"


def memory(value: object) -> int:
    """A container's memory limit; Docker refuses less than 6 MiB."""
    size_in_bytes = size(value)
    if size_in_bytes < 6 * 2**20:
        raise Fault(f"{shown(value)} is too little memory", "at least 6MiB, e.g. 256MiB")
    if size_in_bytes > _MOST_MEMORY:
        raise Fault(f"{shown(value)} is more memory than any machine has", "at most 1024TiB, e.g. 256MiB")
    return size_in_bytes


def rate(value: object) -> float:
    """``50%`` → 0.5."""
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        meant = value * _WHOLE if 0 < value <= 1 and isinstance(value, float) else value
        raise Fault(f"{shown(value)} has no percent sign", f"did you mean {meant:g}%? {RATE_HINT}")
    text = words(value, "a rate", RATE_HINT)
    match = _RATE.match(text)
    if match is None or float(match[1]) > _WHOLE:
        raise Fault(f"{shown(value)} is not a rate", f"{RATE_HINT}, from 0% to 100%")
    return float(match[1]) / _WHOLE


def share(value: object) -> float:
    """A rate that is more than nothing."""
    ratio = rate(value)
    if not ratio:
        raise Fault(f"{shown(value)} is reached without any call", "more than 0%: 100% is only when all do")
    return ratio


def window(value: object) -> int | float:
    """A breaker's window: ``20`` is calls (an int), ``10s`` is time (a float of seconds)."""
    if isinstance(value, int) and not isinstance(value, bool):
        if 1 <= value <= _MOST_CALLS:
            return value
        raise Fault(
            f"{shown(value)} calls are no window", "from 1 to 100000 calls, or a duration such as 10s"
        )
    return float(span(value))


def address(value: object) -> str:
    """An IP address to listen on."""
    hint = "an IP address such as 127.0.0.1 or 0.0.0.0"
    text = words(value, "an IP address", hint)
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as exc:
        raise Fault(f"{shown(value)} is not an IP address", hint) from exc


def origin(value: object) -> str:
    """``http(s)://host[:port]`` and nothing after it."""
    hint = "such as http://legacy.example.com:8080"
    text = words(value, "a URL", hint)
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError as exc:
        raise Fault(f"{shown(value)} is not a URL", hint) from exc
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Fault(f"{shown(value)} is not a URL", hint)
    if parts.username is not None or parts.password is not None:
        raise Fault("a URL with a password in it", "leave the user and password out")
    if parts.path not in {"", "/"} or parts.query or parts.fragment or re.search(r"\s", text):
        raise Fault(f"{shown(value)} has more than a host and a port", hint)
    return text.rstrip("/")


def endpoint(value: object) -> str:
    """An ``http(s)`` URL with any path, where logs are sent."""
    hint = "such as http://collector.example.com:4318"
    text = words(value, "a URL", hint)
    if not re.match(r"https?://(?:\[[0-9A-Fa-f:.]+\]|[^\s/@:\[\]]+)(?::\d{1,5})?(?:/\S*)?\Z", text):
        raise Fault(f"{shown(value)} is not a URL", hint)
    return text


def image(value: object) -> str:
    """An image reference, ``name:tag``."""
    hint = "an image reference such as nginx:1.27"
    text = words(value, "an image", hint)
    if len(text) > _LONGEST_TEXT or not _IMAGE.match(text):
        raise Fault(f"{shown(value)} is not an image reference", hint)
    return text
