"""How long an attempt is waited for, and the request body on its way meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from msctl.gateway.request_body import RequestBody
from msctl.gateway.timers import Timers
from msctl.gateway.upstream import UpstreamConnection
from msctl.gateway.wire.body import Trailer
from msctl.gateway.wire.fields import WireError


class Patience:
    """Calls ``expired`` after a while; it may be started again from there."""

    __slots__ = ("_expired", "_over", "_slot", "_timers")

    def __init__(self, timers: Timers, expired: Callable[[], None]) -> None:
        self._timers = timers
        self._expired = expired
        self._slot: int | None = None
        self._over = False

    def start(self, seconds: float) -> None:
        """Begin to wait, if it has not begun."""
        if self._slot is None and not self._over:
            self._slot = self._timers.set(self, seconds, self._expire)

    def pause(self) -> None:
        """Nothing is waited for at present."""
        if self._slot is not None:
            self._timers.clear(self, self._slot)
            self._slot = None

    def stop(self) -> None:
        """The attempt is over."""
        self._over = True
        if self._slot is not None:
            self._timers.clear(self, self._slot)

    def _expire(self) -> None:
        self._slot = None
        self._expired()


class Upload:
    """Carries the body to one connection; patience counts from its end, and while nobody there reads."""

    def __init__(
        self,
        connection: UpstreamConnection,
        body: RequestBody,
        patience: Patience,
        seconds: float,
        ended: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._body = body
        self._patience = patience
        self._seconds = seconds
        self._ended = ended
        self._complete = False
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
        self._patience.start(self._seconds)

    def content_broken(self, error: WireError) -> None:
        """The client broke off."""
        self._connection.content_broken(error)

    def _flow(self, paused: bool) -> None:
        self._body.pause(paused)
        if paused:
            self._patience.start(self._seconds)
        elif not self._complete:
            self._patience.pause()
