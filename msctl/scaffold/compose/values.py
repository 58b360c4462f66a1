"""Compose's values in the manifest's words: variables, sizes, durations, lists that may be mappings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

_VARIABLE = re.compile(
    r"\$(?:\$|(?P<bare>[A-Za-z_]\w*)|\{(?P<name>[A-Za-z_]\w*)(?P<kind>:?[-?+])?(?P<rest>[^{}]*)\})"
)
_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[bkmg]?)(?:i?b)?\Z", re.IGNORECASE)
_UNITS = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_MIB = 1024**2

Number = TypeVar("Number", int, float)


class Unfit(Exception):
    """A value that the manifest has no words for; the message says why."""


def text(value: Any) -> str:
    """A value as Compose would pass it on, its variables in the manifest's grammar."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        raise Unfit("it is no text")
    return _VARIABLE.sub(_variable, str(value))


def mapping(value: Any) -> Mapping[Any, Any]:
    """A mapping; nothing written is an empty one."""
    if not isinstance(value, Mapping | None):
        raise Unfit("it is not a mapping")
    return value or {}


def several(value: Any) -> list[Any]:
    """The members of a list, or the names in a mapping; nothing written is none."""
    if not isinstance(value, list | Mapping | None):
        raise Unfit("it is not a list")
    return list(value or ())


def whole(value: Any) -> int | str:
    """A whole number, or the variable that will be one."""
    return _number(value, int, "it is not a whole number")


def decimal(value: Any) -> float | str:
    """A number, or the variable that will be one."""
    return _number(value, float, "it is not a number")


def _number(value: Any, parse: Callable[[Any], Number], otherwise: str) -> Number | str:
    if isinstance(value, str) and "$" in value:
        return text(value)
    try:
        return parse(value)
    except (TypeError, ValueError, OverflowError) as exc:
        raise Unfit(otherwise) from exc


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
        for line in several(value):
            name, equals, given = text(line).partition("=")
            yield name, given if equals else None


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
        target = whole(value.get("target"))
        if isinstance(target, str):
            raise Unfit(f"'{target}' is a variable, and a port has to be known")
        return target, "published" in value
    written, _, protocol = str(value).partition("/")
    if protocol not in ("", "tcp"):
        raise Unfit(f"'{value}' is not TCP")
    *published, inside = written.split(":")
    if not re.fullmatch(r"\d{1,5}", inside, re.ASCII):
        raise Unfit(f"'{value}' is not one port")
    return int(inside), bool(published)
