"""How often somebody may ask the token endpoint."""

from __future__ import annotations

from collections.abc import Callable

from msctl.resilience.ratelimit import Rate, RateLimit

_REQUESTS = Rate(50, 1.0, 100)
_GATEWAY_REQUESTS = Rate(2000, 1.0, 4000)
_FAILURES = Rate(5, 1.0, 20)


class Limits:
    """Guesses are counted for each address and claimed client, so that they cost nobody else anything.

    Right credentials always pass that count: whoever guesses must not lock the client out.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._served = RateLimit(_REQUESTS, clock)
        self._gateway = RateLimit(_GATEWAY_REQUESTS, clock)
        self._failures = RateLimit(_FAILURES, clock)

    def served(self, client: str, *, is_gateway: bool) -> float:
        """Seconds that an authenticated client has to wait."""
        return (self._gateway if is_gateway else self._served).ask(client)

    def failed(self, address: str, client: str) -> float:
        """Seconds that somebody without the right credentials has to wait."""
        return self._failures.ask(f"{address} {client[:100]}")
