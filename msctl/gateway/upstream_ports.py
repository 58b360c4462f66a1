"""What a connection to an instance gives: failures of attempts, bodies, tunnelled bytes."""

from __future__ import annotations

from typing import Protocol

from msctl.gateway.wire.body import Trailer


class AttemptError(Exception):
    """An attempt got no answer; ``cause`` is a phrase out of a small set, ``kind`` a problem type,
    or "exhausted": the gateway could not even ask.

    ``untouched`` tells that the instance cannot have acted on the request, ``stale`` that a kept connection
    turned out to be dead, ``late`` that no connection came about in time.
    """

    def __init__(
        self, kind: str, cause: str, untouched: bool = False, stale: bool = False, late: bool = False
    ) -> None:
        super().__init__(cause)
        self.kind = kind
        self.cause = cause
        self.untouched = untouched
        self.stale = stale
        self.late = late


class BodySink(Protocol):
    """Where an answer's body goes."""

    def body(self, data: bytes) -> None:
        """Some of the body."""

    def body_end(self, trailers: list[Trailer]) -> None:
        """The body is whole."""

    def body_cut(self, cause: str) -> None:
        """The upstream broke off."""


class Tunnel(Protocol):
    """The other side of an upgraded connection."""

    def from_upstream(self, data: bytes) -> None:
        """Bytes of the instance."""

    def upstream_gone(self) -> None:
        """The instance closed the connection."""
