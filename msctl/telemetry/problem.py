"""Problem details (RFC 9457): what an HTTP error answer says, as a value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

CONTENT_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:msctl:problem:"


@dataclass(frozen=True, slots=True)
class Problem:
    """One error answer; ``kind`` is the short name that ``msctl explain`` takes, ``title`` belongs to it.

    ``instance`` is the path asked for, ``retry_at`` an RFC 3339 time, ``extensions`` further members.
    """

    kind: str
    title: str
    status: int
    detail: str | None = None
    instance: str | None = None
    service: str | None = None
    circuit: str | None = None
    trace_id: str | None = None
    retry_at: str | None = None
    extensions: Mapping[str, object] = field(default_factory=dict)


_OPTIONAL = ("detail", "instance", "service", "circuit", "trace_id", "retry_at")


def document(problem: Problem) -> dict[str, object]:
    """The JSON object; members without a value are left out, extensions never hide a standard member."""
    members: dict[str, object] = {
        "type": TYPE_PREFIX + problem.kind,
        "title": problem.title,
        "status": problem.status,
    }
    for name in _OPTIONAL:
        value = getattr(problem, name)
        if value is not None:
            members[name] = value
    return {**problem.extensions, **members}


def encode(problem: Problem) -> bytes:
    """The body of the answer, ASCII JSON with a line end."""
    return json.dumps(document(problem)).encode() + b"\n"
