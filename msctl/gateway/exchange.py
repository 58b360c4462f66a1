"""One request of a client and what it gets for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from msctl.auth.identity import Identity
from msctl.gateway.answer_heads import interim_head, own_head
from msctl.gateway.problems import Trouble, problem_of
from msctl.gateway.request_body import RequestBody
from msctl.gateway.wire.answer import AnswerHead
from msctl.gateway.wire.request import RequestHead
from msctl.telemetry.problem import CONTENT_TYPE, encode
from msctl.telemetry.trace import TraceContext

Headers = Iterable[tuple[str, str]]


class ClientSide(Protocol):
    """What an exchange needs of its connection."""

    peer: str
    scheme: str

    def write(self, data: bytes) -> None:
        """Send bytes to the client."""

    @property
    def wants_close(self) -> bool:
        """Whether the connection ends after this exchange whatever the client asked."""


class Exchange:
    """Carries a request to its answer; ``status`` is 0 until an answer begins.

    ``cross_origin`` are headers of every answer of the route: a page must be able to read errors, too.
    """

    __slots__ = (
        "body",
        "client",
        "close",
        "cross_origin",
        "head",
        "identity",
        "label",
        "request_id",
        "sent",
        "service",
        "started",
        "status",
        "trace",
    )

    def __init__(
        self,
        head: RequestHead,
        body: RequestBody | None,
        client: ClientSide,
        trace: TraceContext,
        started: float,
    ) -> None:
        self.head = head
        self.body = body
        self.client = client
        self.trace = trace
        self.started = started
        self.request_id = trace.span_id
        self.identity: Identity | None = None
        self.label = "-"
        self.service = "-"
        self.status = 0
        self.sent = 0
        self.close = False
        self.cross_origin: Sequence[tuple[str, str]] = ()

    @property
    def must_close(self) -> bool:
        """Whether the answer has to announce the end of the connection."""
        if self.close or not self.head.keep_alive or self.client.wants_close:
            return True
        body = self.body
        return body is not None and (not body.complete or body.error is not None)

    def respond(self, status: int, headers: Headers, body: bytes = b"") -> None:
        """Give the gateway's own answer; does nothing once an answer has begun."""
        if self.status:
            return
        self.status = status
        self.close = self.must_close
        bodiless = status in (204, 304)
        named = [*headers, *self.cross_origin, ("X-Request-Id", self.request_id)]
        length = None if bodiless else len(body)
        head = own_head(status, named, length, self.head.minor, self.close)
        self.send(head if self.head.method == "HEAD" or bodiless else head + body)

    def refuse(self, trouble: Trouble, full: bool, headers: Headers = ()) -> None:
        """Answer with a problem."""
        problem = problem_of(trouble, self.head.path, self.trace.trace_id, datetime.now(UTC), full)
        named = [("Content-Type", CONTENT_TYPE), ("Cache-Control", "no-store"), *trouble.headers, *headers]
        if trouble.retry_after is not None:
            named.append(("Retry-After", str(trouble.retry_after)))
        self.respond(trouble.status, named, encode(problem))

    def pass_interim(self, answer: AnswerHead) -> None:
        """Hand an interim answer on to clients that know such."""
        if self.head.minor > 0 and not self.status:
            self.send(interim_head(answer))

    def send(self, data: bytes) -> None:
        """Write to the client and count it."""
        self.sent += len(data)
        self.client.write(data)
