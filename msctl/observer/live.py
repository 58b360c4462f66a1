"""What the page and ``msctl top`` ask for: the project at a glance, once or as a stream of events."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from msctl.observer.history import History
from msctl.observer.logs_api import LogsApi, question_of
from msctl.observer.neighbours import AgentAway, Neighbours
from msctl.observer.overview import overview
from msctl.observer.sampling import INTERVAL, Sampler
from msctl.observer.search import Question
from msctl.observer.store import LogStore
from msctl.observer.watching import HealthWatch
from msctl.telemetry.loglines.harmless import json_line

_TIMEOUT = aiohttp.ClientTimeout(total=1.5)
_HEARTBEAT = 15.0
_MOST_AT_ONCE = 500
_RECENT = 200
_STREAM = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Topology:
    """The declared project, from a file that ``up`` replaces when the manifest changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: float | None = None
        self._value: Mapping[str, Any] = {"project": "", "services": [], "platform": []}

    def read(self) -> Mapping[str, Any]:
        """As it is now; while it is being replaced, as it was."""
        with suppress(OSError, ValueError):
            stamp = self._path.stat().st_mtime
            if stamp != self._stamp:
                self._value = json.loads(self._path.read_text())
                self._stamp = stamp
        return self._value

    def targets(self) -> Mapping[str, Mapping[str, str]]:
        """By service and process: where its metrics are."""
        value = self.read()
        project = value["project"]
        found: dict[str, dict[str, str]] = {"gateway": {"gateway": "http://gateway:8081/metrics"}}
        for service in value["services"]:
            names = (f"{project}-{service['name']}-{n}" for n in range(1, service["replicas"] + 1))
            found[service["name"]] = {name: f"http://{name}:{service['port']}/metrics" for name in names}
        return found

    def target(self, kind: str) -> tuple[str, str] | None:
        """Where lines are forwarded to, and the project they are of, if they are."""
        value = self.read()
        url = value.get("forward", {}).get(kind)
        return None if url is None else (str(url), str(value["project"]))

    def has_metrics(self) -> bool:
        """Whether there is a Prometheus."""
        return "metrics" in self.read()["platform"]

    def is_ours(self, identity: str) -> bool:
        """Whether a registered id is a container of the project."""
        return identity.startswith(f"{self.read()['project']}-")


class Live:
    """Handlers over what is known now."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        topology: Topology,
        watch: HealthWatch,
        sampler: Sampler,
        history: History,
        store: LogStore,
        logs: LogsApi,
        *,
        neighbours: Neighbours,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._session = session
        self._topology = topology
        self._watch = watch
        self._sampler = sampler
        self._history = history
        self._store = store
        self._logs = logs
        self._neighbours = neighbours
        self._now = now

    def routes(self) -> list[web.RouteDef]:
        """What it answers."""
        return [
            web.get("/-/overview", self.glance),
            web.get("/-/stream", self.stream),
            web.get("/-/logs/stream", self.follow),
            web.get("/-/history", self.changes),
            web.get("/-/dead", self.dead),
        ]

    async def glance(self, _request: web.Request) -> web.Response:
        """The project at a glance."""
        return web.json_response(await self._overview())

    async def changes(self, request: web.Request) -> web.Response:
        """The last changes of health, newest first."""
        subject = request.query.get("subject")
        found = await asyncio.to_thread(self._history.changes, subject, _RECENT)
        return web.json_response([change.to_json() for change in found])

    async def dead(self, _request: web.Request) -> web.Response:
        """What services gave up, events included."""
        try:
            return web.json_response(text=json_line(await self._neighbours.letters()))
        except AgentAway as exc:
            return web.json_response({"error": str(exc)}, status=HTTPStatus.SERVICE_UNAVAILABLE)

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: the overview every two seconds, and at once when a part's health changes."""
        response = web.StreamResponse(headers=_STREAM)
        await response.prepare(request)
        with suppress(ConnectionResetError):  # whoever looked has left
            while True:
                await response.write(_event("overview", json.dumps(await self._overview())))
                with suppress(TimeoutError):
                    async with asyncio.timeout(INTERVAL), self._watch.changed:
                        await self._watch.changed.wait()
        return response

    async def follow(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: the last lines asked for, then more as they come."""
        try:
            question, newest = question_of(request.query)
        except (ValueError, re.error) as exc:
            return web.json_response({"error": str(exc)}, status=HTTPStatus.BAD_REQUEST)
        response = web.StreamResponse(headers=_STREAM)
        await response.prepare(request)
        with suppress(ConnectionResetError):  # whoever looked has left
            async for piece in self._lines(question, newest or _RECENT):
                await response.write(piece)
        return response

    async def _lines(self, question: Question, newest: int) -> AsyncIterator[bytes]:
        last = self._store.last_id
        lines = await asyncio.to_thread(self._store.newest, question, newest)
        while True:
            if lines:
                yield _event("lines", "[" + ",".join(json_line(line.to_json()) for line in lines) + "]")
            else:
                yield b": still here\n\n"
            await self._logs.wait(last, _HEARTBEAT)
            asked = Question(question.names, question.wanted, after=last)
            last = self._store.last_id
            lines = await asyncio.to_thread(self._store.later, asked, _MOST_AT_ONCE)

    async def _overview(self) -> dict[str, Any]:
        (traffic, lines), circuits, told = await asyncio.gather(
            self._sampler.look(), self._circuits(), self._neighbours.look()
        )
        watch, declared = self._watch, self._topology.read()
        seen = overview(declared, watch.checks, circuits, traffic, lines, watch.since, self._now(), told)
        return {**seen, "history": self._history.last}

    async def _circuits(self) -> Sequence[Mapping[str, Any]]:
        """Of the gateway, and of services that call others."""
        targets = self._topology.targets()
        callers = [s["name"] for s in self._topology.read()["services"] if s.get("calls")]
        urls = ["http://gateway:8081/-/circuits"]
        urls += [url.replace("/metrics", "/-/circuits") for name in callers for url in targets[name].values()]
        found = await asyncio.gather(*(self._json(url) for url in urls))
        return [circuit for answer in found for circuit in answer if isinstance(circuit, dict)]

    async def _json(self, url: str) -> list[Any]:
        try:
            async with self._session.get(url, timeout=_TIMEOUT) as response:
                answer = await response.json(content_type=None)
                return answer if isinstance(answer, list) else []
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return []


def _event(name: str, data: str) -> bytes:
    return f"event: {name}\ndata: {data}\n\n".encode()
