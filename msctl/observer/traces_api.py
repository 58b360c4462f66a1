"""Traces out of the stored lines: the last, the slowest or those that failed, and one as a waterfall."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

from aiohttp import web

from msctl.observer.search import Question
from msctl.observer.store import LogStore
from msctl.telemetry.loglines.harmless import json_line
from msctl.telemetry.loglines.record import Wanted
from msctl.telemetry.loglines.traces import traces

LOOKED_AT = 3000
"""Spans among which the last traces are looked for."""

MOST_LINES = 10_000
MOST = 200
SHORTEST_ID = 4
_USUAL = 30


class TracesApi:
    """Handlers over one store; they only read."""

    def __init__(self, store: LogStore) -> None:
        self._store = store

    def routes(self) -> list[web.RouteDef]:
        """What it answers."""
        return [web.get("/-/traces", self.listed), web.get("/-/traces/{id}", self.one)]

    async def listed(self, request: web.Request) -> web.Response:
        """The last traces, newest first; ``which=slowest`` or ``errors``, ``count`` of them."""
        which = request.query.get("which", "last")
        try:
            count = min(int(request.query.get("count") or _USUAL), MOST)
        except ValueError:
            return _refused("count: not a number")
        if which not in {"last", "slowest", "errors"}:
            return _refused(f"there is no list '{which}'")
        return _json(await asyncio.to_thread(self._list, which, count))

    async def one(self, request: web.Request) -> web.Response:
        """Every trace whose id begins so, with its rows in the order of calls."""
        wanted = request.match_info["id"].lower()
        if len(wanted) < SHORTEST_ID:
            return _refused("too short for a trace id")
        found = await asyncio.to_thread(self._rows, wanted)
        return _json(found) if found else _refused("nothing is known of it", HTTPStatus.NOT_FOUND)

    def _list(self, which: str, count: int) -> list[dict[str, Any]]:
        question = Question(wanted=Wanted(words="span_id", spans=True))
        found = traces(line.record for line in self._store.newest(question, LOOKED_AT))
        if which == "slowest":
            return [trace.to_json() for trace in sorted(found, key=lambda t: -t.duration)[:count]]
        chosen = [trace for trace in found if trace.failed or which == "last"]
        return [trace.to_json() for trace in reversed(chosen[-count:])]

    def _rows(self, wanted: str) -> list[dict[str, Any]]:
        question = Question(wanted=Wanted(trace=wanted, spans=True))
        lines = self._store.newest(question, MOST_LINES)
        return [trace.to_json() for trace in traces((line.record for line in lines), rows=True)]


def _json(found: list[dict[str, Any]]) -> web.Response:
    return web.json_response(text=json_line(found))


def _refused(words: str, status: int = HTTPStatus.BAD_REQUEST) -> web.Response:
    return web.json_response({"error": words}, status=status)
