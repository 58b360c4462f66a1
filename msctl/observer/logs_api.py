"""The log store over HTTP: lines in, how far they reach, and lines out as they are found."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from itertools import islice

from aiohttp import web
from multidict import MultiMapping

from msctl.observer.search import Question
from msctl.observer.store import LogStore
from msctl.telemetry.loglines.harmless import json_line
from msctl.telemetry.loglines.levels import level_named
from msctl.telemetry.loglines.record import Wanted
from msctl.telemetry.loglines.transfer import Batch, Stored, decode

LARGEST_BATCH = 32 * 1024 * 1024
MOST_NEWEST = 10_000
_PIECE = 200


class LogsApi:
    """Handlers over one store; ``stored`` is called with what was, in a thread."""

    def __init__(self, store: LogStore, stored: Callable[[Sequence[Batch]], object]) -> None:
        self._store = store
        self._stored = stored
        self._arrived = asyncio.Condition()
        self.taken = 0

    def routes(self) -> list[web.RouteDef]:
        """What it answers."""
        return [
            web.post("/-/logs", self.take),
            web.post("/-/logs/living", self.living),
            web.get("/-/logs/reach", self.reach),
            web.get("/-/logs/services", self.services),
            web.get("/-/logs", self.give),
        ]

    async def take(self, request: web.Request) -> web.Response:
        """Store a batch, once however often it is sent."""
        try:
            batches = decode(json.loads(await request.read()))
        except ValueError as exc:
            return web.json_response({"error": str(exc)}, status=HTTPStatus.BAD_REQUEST)
        stored = await asyncio.to_thread(self._store.add, batches)
        await asyncio.to_thread(self._stored, batches)
        self.taken += stored
        async with self._arrived:
            self._arrived.notify_all()
        return web.json_response({"stored": stored})

    async def living(self, request: web.Request) -> web.Response:
        """Forget how far containers reach that are not among these."""
        living = await request.json()
        await asyncio.to_thread(self._store.forget, [str(identity) for identity in living])
        return web.json_response({})

    async def reach(self, _request: web.Request) -> web.Response:
        """How far every container was read, and the newest line's id at the same moment."""
        reach, last = await asyncio.to_thread(self._store.reach)
        rows = [[i, stream, p.time, p.number] for (i, stream), p in reach.items()]
        return web.json_response({"last": last, "reach": rows})

    async def services(self, _request: web.Request) -> web.Response:
        """Containers of which there are lines, by service."""
        found = await asyncio.to_thread(self._store.services)
        return web.json_response({service: sorted(names) for service, names in sorted(found.items())})

    async def give(self, request: web.Request) -> web.StreamResponse:
        """Lines as NDJSON, oldest first; ``newest=N`` gives only the last."""
        try:
            question, newest = question_of(request.query)
        except (ValueError, re.error) as exc:
            return web.json_response({"error": str(exc)}, status=HTTPStatus.BAD_REQUEST)
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        if newest is None:
            lines = self._store.select(question)
        else:
            lines = iter(await asyncio.to_thread(self._store.newest, question, newest))
        while piece := await asyncio.to_thread(_piece, lines):
            await response.write(piece)
        await response.write_eof()
        return response

    async def wait(self, after: int, seconds: float) -> None:
        """Return when lines with ids above ``after`` are there, or after ``seconds``."""
        try:
            async with asyncio.timeout(seconds), self._arrived:
                await self._arrived.wait_for(lambda: self._store.last_id > after)
        except TimeoutError:
            return


def question_of(query: MultiMapping[str]) -> tuple[Question, int | None]:
    """What a query string asks for, and of how many the newest; raises ``ValueError`` for nonsense."""
    level = query.get("level")
    if level and level_named(level) is None:
        raise ValueError(f"there is no level '{level}'")
    wanted = Wanted(
        since=_time(query, "since"),
        until=_time(query, "until"),
        level=level_named(level) if level else None,
        words=query.get("words") or None,
        trace=query.get("trace") or None,
        instance=_number(query, "instance"),
        spans=query.get("spans") == "1",
    )
    names = [name for name in query.getall("name", []) if name]
    newest = _number(query, "newest")
    question = Question(names, wanted, _number(query, "after"), _number(query, "before"))
    return question, None if newest is None else min(newest, MOST_NEWEST)


def _time(query: Mapping[str, str], key: str) -> datetime | None:
    text = query.get(key)
    if not text:
        return None
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{key}: a time needs its zone")
    return found


def _number(query: Mapping[str, str], key: str) -> int | None:
    text = query.get(key)
    return int(text) if text else None


def _piece(lines: Iterator[Stored]) -> bytes:
    return "".join(json_line(line.to_json()) + "\n" for line in islice(lines, _PIECE)).encode()
