"""A request body on its way to an instance, and how long the answer is waited for meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from msctl.gateway.request_body import RequestBody
from msctl.gateway.timers import NEVER, Timers
from msctl.gateway.upstream import UpstreamConnection
from msctl.gateway.wire.body import Trailer
from msctl.gateway.wire.fields import WireError


class Upload:
    """Carries the body to one connection; patience counts from its end, and while nobody there reads."""

    def __init__(
        self,
        connection: UpstreamConnection,
        body: RequestBody,
        timers: Timers,
        seconds: float,
        expired: Callable[[], None],
        ended: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._body = body
        self._timers = timers
        self._seconds = seconds
        self._expired = expired
        self._ended = ended
        self._complete = False
        self._answered = False
        connection.flow = self._flow

    def begin(self) -> None:
        """Send what there is, and what comes."""
        self._body.attach(self)

    def content(self, data: bytes) -> None:
        """Pass a piece on."""
        self._connection.content(data)

    def content_end(self, trailers: list[Trailer]) -> None:
        """The body is whole: from now on the answer is awaited."""
        self._complete = True
        self._ended()
        self._connection.content_end(trailers)
        self._start()

    def content_broken(self, error: WireError) -> None:
        """The client broke off."""
        self._connection.content_broken(error)

    def _flow(self, paused: bool) -> None:
        self._body.pause(paused)
        if paused:
            self._start()
        elif not self._complete:
            self._connection.limit.clear()

    def answered(self) -> None:
        """The attempt is over: no answer is waited for any more, whatever is still to be sent."""
        self._answered = True
        self._connection.limit.clear()

    def _start(self) -> None:
        limit = self._connection.limit
        if limit.at == NEVER and not self._answered:
            self._timers.set(limit, self._timers.clock() + self._seconds, self._expired)
