"""All that happened, in one: what the command line hands over, what logs tell, and changes of health."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from http import HTTPStatus

from aiohttp import web

from msctl.model.chronicle import CIRCUIT, KINDS, Entry, entry_of, told_entry
from msctl.observer.history import History
from msctl.telemetry.loglines.harmless import json_line
from msctl.telemetry.loglines.transfer import Batch, moment

_USUAL = 200
_MOST = 2000


def happenings(batches: Iterable[Batch]) -> Iterator[Entry]:
    """What lines tell of the project: those of the agent all, others' of circuits of their own."""
    for batch in batches:
        service = batch.source.service
        for line in batch.lines:
            entry = told_entry(moment(line.time), line.text)
            if entry is None:
                continue
            if service == "agent" or (entry.kind == CIRCUIT and entry.command.startswith(f"{service} → ")):
                yield entry


class Chronicle:
    """Handlers over the history."""

    def __init__(self, history: History) -> None:
        self._history = history

    def routes(self) -> list[web.RouteDef]:
        """What it answers."""
        return [web.get("/-/chronicle", self.give), web.post("/-/chronicle", self.take)]

    async def give(self, request: web.Request) -> web.Response:
        """The newest entries, oldest first; ``kind`` and ``count`` ask for some."""
        kind, count = request.query.get("kind") or None, request.query.get("count", str(_USUAL))
        if (kind is not None and kind not in KINDS) or not count.isdecimal():
            words = f"kind is one of {', '.join(KINDS)}; count is a number"
            return web.json_response({"error": words}, status=HTTPStatus.BAD_REQUEST)
        found = await asyncio.to_thread(self._history.entries, kind, min(int(count), _MOST))
        return web.json_response(text=json_line([asdict(entry) for entry in found]))

    async def take(self, request: web.Request) -> web.Response:
        """Keep what a command line did; all of it or nothing."""
        try:
            told = await request.json()
        except ValueError:
            told = None
        entries = [entry_of(values) for values in told] if isinstance(told, list) else [None]
        known = [entry for entry in entries if entry is not None and entry.kind == "command"]
        if len(known) < len(entries):
            return web.json_response({"error": "a list of commands"}, status=HTTPStatus.BAD_REQUEST)
        return web.json_response({"new": await asyncio.to_thread(self._history.hear, known)})
