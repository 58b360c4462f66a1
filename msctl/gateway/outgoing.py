"""A request on its way to a service, and the refusal of one."""

from __future__ import annotations

from dataclasses import dataclass, replace

from msctl.gateway import problems
from msctl.gateway.problems import Trouble
from msctl.gateway.request_body import RequestBody
from msctl.gateway.upstream_ports import AttemptError


class Refused(Exception):
    """The call has no answer to pass on; ``trouble`` says why."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.detail)
        self.trouble = trouble


@dataclass(slots=True)
class Outgoing:
    """A request for a service: ``head`` lacks its last line, the answer is of use ``until`` a moment.

    ``timeout`` is what ``until`` was made of, in seconds. ``label`` names the kind of call, out of the
    document. ``hurried`` tells that the caller has less time than the document grants: that it runs out is
    not the service's fault, or clients could open circuits. ``is_stream`` tells that the call may last as
    long as its client likes.
    """

    method: str
    head: bytes
    body: RequestBody | None
    chunked: bool
    repeatable: bool
    retries: int
    timeout: float
    until: float
    label: str
    hurried: bool = False
    is_stream: bool = False

    @property
    def is_uploading(self) -> bool:
        """Whether some of the body is still to come from the client."""
        return self.body is not None and not self.body.complete

    @property
    def is_client_at_fault(self) -> bool:
        """Whether the body did not come, or not in order."""
        return self.is_uploading or (self.body is not None and self.body.error is not None)

    def may_be_repeated(self, harmless: bool) -> bool:
        """Whether it may and can be sent again; ``harmless`` when it surely had no effect so far."""
        return (harmless or self.repeatable) and (self.body is None or self.body.replayable)

    @property
    def is_write(self) -> bool:
        """Whether a lost answer leaves the outcome unknown."""
        return self.method not in ("GET", "HEAD", "OPTIONS", "TRACE")


def trouble_of(error: AttemptError, service: str, out: Outgoing, inside: str) -> Trouble:
    """What an attempt without an answer means for the client."""
    if error.kind == "timeout":
        trouble = problems.timed_out(service, out.timeout, out.is_write, inside)
        return replace(trouble, cause=None) if out.hurried else trouble
    if error.kind == "exhausted":
        return problems.exhausted(service, error.cause)
    if error.kind == "unreachable":
        return problems.unreachable(service, error.cause, inside)
    return problems.bad_answer(service, error.cause, out.is_write, inside)
