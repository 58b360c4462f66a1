"""Who is let in: whoever shows the token, and a browser that came with a ticket that was good once."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from ipaddress import ip_address

from aiohttp import web
from aiohttp.typedefs import Middleware

TICKET_SECONDS = 120.0
SESSION_SECONDS = 12 * 3600.0
COOKIE = "msctl_observer"
OPEN = frozenset({"/-/health", "/metrics", "/-/targets", "/"})
"""Paths that tell nobody anything: the page asks for a ticket, and of targets Consul decides who may know."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Doors:
    """Tickets and sessions live as long as the process; ``clock`` is monotonic seconds."""

    def __init__(
        self,
        token: str,
        clock: Callable[[], float],
        draw: Callable[[], str] = lambda: secrets.token_urlsafe(24),
    ) -> None:
        self._token = token.encode()
        self._clock = clock
        self._draw = draw
        self._tickets: dict[str, float] = {}
        self._sessions: dict[str, float] = {}

    def ticket(self) -> str:
        """A new ticket, good once and soon."""
        return self._issue(self._tickets, TICKET_SECONDS)

    def enter(self, ticket: str) -> str | None:
        """The session for a ticket; a ticket is used up by showing it."""
        if self._tickets.pop(ticket, 0.0) <= self._clock():
            return None
        return self._issue(self._sessions, SESSION_SECONDS)

    def has_token(self, authorization: str) -> bool:
        """Whether an ``Authorization`` header bears the token."""
        scheme, _, shown = authorization.partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(shown.strip().encode(), self._token)

    def has_session(self, cookie: str | None) -> bool:
        """Whether a cookie is a session that goes on."""
        return cookie is not None and self._sessions.get(cookie, 0.0) > self._clock()

    def middleware(self) -> Middleware:
        """Refuses strangers, other sites' pages, and names of the web that lead here."""

        @web.middleware
        async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
            if not is_plain_host(request.headers.get("Host", "")):
                return _refusal(HTTPStatus.FORBIDDEN, "ask by address or plain name")
            if not self._admits(request):
                return _refusal(HTTPStatus.UNAUTHORIZED, "msctl dashboard opens this page")
            response = await handler(request)
            if not response.prepared:
                response.headers.update(HEADERS)
            return response

        return admit

    def _admits(self, request: web.Request) -> bool:
        """The page only reads, so a session is good for GET alone."""
        if request.path in OPEN or self.has_token(request.headers.get("Authorization", "")):
            return True
        return request.method == "GET" and self.has_session(request.cookies.get(COOKIE))

    def _issue(self, kept: dict[str, float], seconds: float) -> str:
        now = self._clock()
        for name in [name for name, until in kept.items() if until <= now]:
            del kept[name]
        made = self._draw()
        kept[made] = now + seconds
        return made


def is_plain_host(authority: str) -> bool:
    """Whether it is an address or a name without dots, which no site of the web can have lead here."""
    host = authority.rpartition(":")[0] if authority.rpartition(":")[2].isdecimal() else authority
    if "." not in host:
        return True
    try:
        return bool(ip_address(host.strip("[]")))
    except ValueError:
        return False


def _refusal(status: HTTPStatus, words: str) -> web.Response:
    return web.json_response({"error": words}, status=status, headers=HEADERS)
