"""Compose's values in the manifest's words: variables, sizes, durations, lists that may be mappings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_VARIABLE = re.compile(
    r"\$(?:\$|(?P<bare>[A-Za-z_]\w*)|\{(?P<name>[A-Za-z_]\w*)(?P<kind>:?[-?+])?(?P<rest>[^{}]*)\})"
)
_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[bkmg]?)(?:i?b)?\Z", re.IGNORECASE)
_UNITS = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_MIB = 1024**2


class Unfit(Exception):
    """A value that the manifest has no words for; the message says why."""


def text(value: Any) -> str:
    """A value as Compose would pass it on, its variables in the manifest's grammar."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _VARIABLE.sub(_variable, str(value))


def _variable(match: re.Match[str]) -> str:
    if match[0] == "$$":
        return "$$"
    name, kind, rest = match["bare"] or match["name"], match["kind"], match["rest"] or ""
    if kind is None:
        return f"${{{name}}}"
    if kind.endswith("+"):
        raise Unfit(f"'{match[0]}' has no counterpart")
    return f"${{{name}:{kind[-1]}{rest}}}"


def pairs(value: Any) -> Iterator[tuple[str, str | None]]:
    """``{A: 1}`` or ``[A=1]`` as names and values; no value means the caller's environment has it."""
    if isinstance(value, Mapping):
        yield from ((str(name), None if given is None else text(given)) for name, given in value.items())
    else:
        for line in value or ():
            name, equals, given = str(line).partition("=")
            yield name, text(given) if equals else None


def size(value: Any) -> str:
    """A size in MiB."""
    match = _SIZE.match(str(value).strip())
    if match is None:
        raise Unfit(f"'{value}' is not a size")
    count = float(match["number"]) * _UNITS[match["unit"].lower()]
    if count < _MIB:
        raise Unfit(f"'{value}' is less than a MiB")
    return f"{count / _MIB:.0f}MiB"


def duration(value: Any) -> str:
    """``1m30s`` is written alike; a bare number is seconds."""
    found = str(value).strip()
    if re.fullmatch(r"\d+(\.\d+)?", found):
        return f"{found}s"
    if re.fullmatch(r"(\d+h)?(\d+m)?(\d+s)?(\d+ms)?", found) and found:
        return found
    raise Unfit(f"'{value}' is not a duration")


def container_port(value: Any) -> tuple[int, bool]:
    """The port inside the container, and whether it is published, of one entry of ``ports`` or ``expose``."""
    if isinstance(value, Mapping):
        return int(value["target"]), "published" in value
    written, _, protocol = str(value).partition("/")
    if protocol not in ("", "tcp"):
        raise Unfit(f"'{value}' is not TCP")
    *published, inside = written.split(":")
    if not inside.isdecimal():
        raise Unfit(f"'{value}' is more than one port")
    return int(inside), bool(published)
