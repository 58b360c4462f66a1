"""The page's files, and the ticket that lets a browser in."""

from __future__ import annotations

from http import HTTPStatus
from importlib import resources

from aiohttp import web

from msctl.observer.doors import COOKIE, SESSION_SECONDS, Doors

_TYPES = {"html": "text/html", "js": "text/javascript", "css": "text/css"}
_SCRIPTS = ("app.js", "data.js", "graph.js", "history.js", "parts.js", "text.js", "traces.js")
_FILES = ("index.html", "style.css", *_SCRIPTS)
_NO_TICKET = (
    "This page shows a running project to whoever runs it.\n\nOpen it with:  msctl dashboard\n"
    "(each link is good once, for two minutes)\n"
)


def routes(doors: Doors) -> list[web.RouteDef]:
    """The page at ``/``, its files at ``/page/``, and new tickets for whoever shows the token."""
    folder = resources.files("msctl.observer").joinpath("page_files")
    files = {name: folder.joinpath(name).read_bytes() for name in _FILES}

    async def enter(request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket")
        if ticket is not None:
            return _entered(doors.enter(ticket))
        if not doors.has_session(request.cookies.get(COOKIE)):
            return web.Response(status=HTTPStatus.UNAUTHORIZED, text=_NO_TICKET)
        return _file(files, "index.html")

    async def file(request: web.Request) -> web.Response:
        return _file(files, request.match_info["name"])

    async def ticket(_request: web.Request) -> web.Response:
        return web.json_response({"ticket": doors.ticket()})

    return [web.get("/", enter), web.get("/page/{name}", file), web.post("/-/tickets", ticket)]


def _entered(session: str | None) -> web.Response:
    """Back to the plain address, so that the used ticket stays in no history."""
    if session is None:
        return web.Response(status=HTTPStatus.UNAUTHORIZED, text=_NO_TICKET)
    response = web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": "/"})
    response.set_cookie(
        COOKIE, session, max_age=int(SESSION_SECONDS), httponly=True, samesite="Strict", path="/"
    )
    return response


def _file(files: dict[str, bytes], name: str) -> web.Response:
    if name not in files:
        return web.Response(status=HTTPStatus.NOT_FOUND, text="no such file")
    kind = _TYPES[name.rpartition(".")[2]]
    return web.Response(body=files[name], content_type=kind, charset="utf-8")
