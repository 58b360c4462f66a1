"""What is wrong with one value, said in two parts: what, and a hint."""

from __future__ import annotations

import math

from msctl.manifest.nodes import Broken, Hidden

_LONGEST = 60
_OTHERS: dict[type, str] = {dict: "a mapping", list: "a list", type(None): "nothing"}


class Fault(Exception):
    """A value breaks its grammar."""

    def __init__(self, what: str, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


def shown(value: object) -> str:
    """A value as a message may show it: short, and never what came from a variable."""
    if isinstance(value, Hidden | Broken):
        return "the value"
    if isinstance(value, str):
        return f"'{value}'" if len(value) <= _LONGEST else f"'{value[:_LONGEST]}…'"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value)
    return _OTHERS.get(type(value), str(value).lower())


def _number(value: float) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return f"'{value}'"
    return "a very large number" if abs(value) >= 10**_LONGEST else str(value)


def words(value: object, what: str, hint: str) -> str:
    """``value`` itself if it is text; a fault that calls it not ``what`` otherwise."""
    if isinstance(value, str):
        return value
    raise Fault(f"{shown(value)} is not {what}", hint)
