"""Errors that a handler answers with, rendered as RFC 9457 problem details."""

from __future__ import annotations

from http import HTTPStatus

from msctl.chassis import context
from msctl.errors import MsctlError
from msctl.telemetry import problem as details


class Problem(MsctlError):
    """Answer ``status`` with problem details; ``kind`` names the type, ``members`` extend the document."""

    def __init__(self, status: int, kind: str, detail: str, **members: object) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.members = members
        self.retry_after: int | None = None
        self.headers: dict[str, str] = {}


def of_status(status: int) -> Problem:
    """The problem that an HTTP status says alone."""
    known = HTTPStatus(status)
    return Problem(status, known.phrase.lower().replace(" ", "-"), known.description or known.phrase)


def encode(problem: Problem, service: str, path: str) -> bytes:
    """The answer's body; the title is the kind in words, so it is the same for each occurrence."""
    return details.encode(
        details.Problem(
            kind=problem.kind,
            title=problem.kind.replace("-", " ").capitalize(),
            status=problem.status,
            detail=problem.message,
            instance=path,
            service=service,
            trace_id=context.trace_id(),
            extensions=problem.members,
        )
    )
