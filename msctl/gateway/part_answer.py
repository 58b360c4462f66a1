"""One part's JSON: passed on as it was written, read only for the fields that later calls need."""

from __future__ import annotations

import json
from dataclasses import dataclass


class NoJson(Exception):
    """The bytes are no JSON that every reader understands alike."""


@dataclass(frozen=True, slots=True)
class PartAnswer:
    """``text`` goes into the whole answer, so that no digit is lost; in ``value`` numbers are texts."""

    text: str
    value: object


NOTHING = PartAnswer("null", None)


def read_part(body: bytes) -> PartAnswer:
    """Read a part's body; raises NoJson."""
    if not body:
        return NOTHING
    try:
        text = body.decode("utf-8")
        value = json.loads(text, parse_float=str, parse_int=str, parse_constant=_refuse)
    except (ValueError, RecursionError) as exc:
        raise NoJson from exc
    return PartAnswer(text.strip(" \t\r\n"), value)


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is not in JSON")


def assemble(members: dict[str, str]) -> bytes:
    """One object out of members whose values are JSON texts."""
    pairs = [f"{json.dumps(name)}: {text}" for name, text in members.items()]
    return ("{" + ", ".join(pairs) + "}").encode()
