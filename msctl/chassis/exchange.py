"""What a handler gets and gives: a request and a reply as plain values."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from msctl.chassis.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from msctl.auth.identity import Identity

LONGEST_TEXT = 200


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; ``parameters`` are the path template's, header names are lower case.

    ``caller`` is whom a verified token speaks for.
    """

    method: str
    path: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    caller: Identity | None = None

    def json(self) -> Mapping[str, Any]:
        """The body, which must be a JSON object; a 400 otherwise."""
        try:
            value = json.loads(self.body)
        except ValueError as error:
            raise Problem(400, "invalid-json", f"The body is not JSON: {error}") from error
        if not isinstance(value, dict):
            raise Problem(400, "invalid-json", "The body is not a JSON object")
        return value

    def query_text(self, name: str) -> str:
        """A text that the query must have; a 400 otherwise."""
        text = self.query.get(name, "")
        if not 0 < len(text) <= LONGEST_TEXT or not text.isprintable():
            raise Problem(400, "invalid-query", f"'{name}' is not a text of 1 to {LONGEST_TEXT} characters")
        return text

    def query_number(self, name: str, default: int, most: int) -> int:
        """A whole number ≥ 1 from the query, cut to ``most``; a 400 when it is something else."""
        text = self.query.get(name, str(default))
        if not (text.isascii() and text.isdecimal()) or int(text[:10]) < 1:
            raise Problem(400, "invalid-query", f"'{name}' is not a whole number from 1 to {most}")
        return min(int(text[:10]), most)


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer; ``body`` is rendered as JSON."""

    body: object = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
