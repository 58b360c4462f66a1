"""An ASGI application (FastAPI, Starlette, …) behind the chassis' own server: HTTP and lifespan."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from aiohttp import web
from multidict import CIMultiDict

from msctl.errors import MsctlError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

TEMPLATE = "path template"
"""In a request's ``match_info``, the key of the template that the application found for its path."""

_VERSIONS = {"version": "3.0", "spec_version": "2.4"}
_log = logging.getLogger(__name__)


class LifespanFailed(MsctlError):
    """The application's own start did not succeed."""

    code = "lifespan-failed"


async def answer(application: Application, request: web.Request) -> web.StreamResponse:
    """What ``application`` answers; a body of up to the server's limit is read before it begins.

    What it raises is raised, even after an answer that was not sent yet: Starlette's own 500 says nothing.
    """
    exchange = _Exchange(request, await request.read())
    scope = _scope(request)
    try:
        await application(scope, exchange.receive, exchange.send)
    except Exception:
        if exchange.response is None or not exchange.response.prepared:
            raise
        _log.exception("%s %s failed within its answer, which is cut short", request.method, request.path)
        if request.transport is not None:
            request.transport.abort()
    finally:
        exchange.over.set()
        if path := getattr(scope.get("route"), "path", None):
            request.match_info[TEMPLATE] = path
    if exchange.response is None:
        raise RuntimeError("the application ended without an answer")
    return exchange.response


class Lifespan:
    """The application's own beginning and end, for those that have one."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._asked: asyncio.Queue[Message] = asyncio.Queue()
        self._told: asyncio.Queue[Message] = asyncio.Queue()
        self._life: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Return when the application has started; raises ``LifespanFailed`` when it could not."""
        self._life = asyncio.create_task(self._live())
        told = await self._ask("lifespan.startup")
        if told["type"] == "lifespan.startup.failed":
            raise LifespanFailed(
                f"the application could not start: {told.get('message') or 'it says no more'}"
            )

    async def end(self) -> None:
        """Return when the application has ended; how is its own affair."""
        if self._life is not None and not self._life.done():
            told = await self._ask("lifespan.shutdown")
            if told["type"] == "lifespan.shutdown.failed":
                _log.warning("the application did not end well: %s", told.get("message") or "it says no more")

    async def _ask(self, kind: str) -> Message:
        self._asked.put_nowait({"type": kind})
        return await self._told.get()

    async def _live(self) -> None:
        """An application that ends or raises at once has no lifespan: that is how ASGI says it."""
        scope: Message = {"type": "lifespan", "asgi": dict(_VERSIONS), "state": {}}
        try:
            await self._application(scope, self._asked.get, self._told.put)
        except Exception as error:
            _log.debug("no lifespan: %r", error)
        finally:
            self._told.put_nowait({"type": "lifespan.over"})


class _Exchange:
    """One request and its answer, as the application sees them."""

    def __init__(self, request: web.Request, body: bytes) -> None:
        self.response: web.StreamResponse | None = None
        self.over = asyncio.Event()
        self._request = request
        self._body: bytes | None = body
        self._head: Message | None = None

    async def receive(self) -> Message:
        """The body at once, and later that it is over."""
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self.over.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Pass the answer on: in one piece when it comes in one, else as it comes."""
        if message["type"] == "http.response.start":
            self._head = message
            return
        if self._head is None:
            raise RuntimeError("the application sent a body before its head")
        body, more = message.get("body", b""), message.get("more_body", False)
        if self.response is None and not more:
            self.response = web.Response(
                status=self._head["status"], headers=_headers(self._head), body=body or None
            )
            self.over.set()
            return
        if self.response is None:
            self.response = web.StreamResponse(status=self._head["status"], headers=_headers(self._head))
            await self.response.prepare(self._request)
        if body:
            await self.response.write(body)
        if not more:
            await self.response.write_eof()
            self.over.set()


def _scope(request: web.Request) -> Message:
    path, _, query = request.raw_path.partition("?")
    return {
        "type": "http",
        "asgi": dict(_VERSIONS),
        "http_version": f"{request.version.major}.{request.version.minor}",
        "method": request.method,
        "scheme": request.scheme,
        "path": request.path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.raw_headers],
        "client": (request.remote, 0) if request.remote else None,
        "server": None,
        "state": {},
    }


def _headers(head: Message) -> CIMultiDict[str]:
    return CIMultiDict((name.decode("latin-1"), value.decode("latin-1")) for name, value in head["headers"])
