"""The agent's own endpoints inside the project's network: health, metrics, and for the observer dead letters.

Nothing can be changed here.
"""

from __future__ import annotations

import asyncio
import hmac
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus

from aiohttp import web

from msctl.agent.figures import Figures
from msctl.agent.member import Member
from msctl.agent.queues import Queues
from msctl.broker.messages import DeadLetter
from msctl.engine.port import EngineEvent
from msctl.errors import BrokerError
from msctl.telemetry import health
from msctl.telemetry.health import Check, Health, compose
from msctl.telemetry.metrics import Tallies, expose, process_registry

PORT = 8081
LONGEST_BODY = 20_000
"""Bytes of an event that are shown."""


class Admin:
    """Serves ``/-/health`` and ``/metrics`` over the other members, by name.

    ``queues`` are there where there is a broker; what they hold is told to who shows ``token`` only.
    """

    def __init__(
        self,
        members: Mapping[str, Member],
        counts: Counter[str],
        figures: Figures | None = None,
        queues: Queues | None = None,
        token: str = "",
        port: int = PORT,
    ) -> None:
        self._members = members
        self._figures = figures
        self._queues = queues
        self._token = token
        self._port = port
        self._registry = process_registry()
        if figures is not None:
            self._registry.register(figures)
        self._registry.register(
            Tallies(
                (
                    ("msctl_agent_registrations", "Instances entered.", lambda: counts["registered"]),
                    ("msctl_agent_deregistrations", "Entries removed.", lambda: counts["deregistered"]),
                    ("msctl_agent_restarts", "Containers brought back.", lambda: counts["restarted"]),
                )
            )
        )

    def heard(self, event: EngineEvent) -> None:
        """Events are nothing to it."""

    def trouble(self) -> str | None:
        """It answers, or nobody learns of it."""
        return None

    async def run(self) -> None:
        """Serve until cancelled."""
        runner = web.AppRunner(self.application(), access_log=None, handle_signals=False)
        await runner.setup()
        try:
            await web.TCPSite(runner, port=self._port).start()
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()

    def application(self) -> web.Application:
        """The endpoints."""
        application = web.Application()
        application.add_routes(
            [
                web.get("/-/health", self._health),
                web.get("/metrics", self._metrics),
                web.get("/-/dead", self._dead),
            ]
        )
        return application

    def seen(self, now: datetime) -> Health:
        """Every member's health; trouble is a warning, since each goes on trying."""
        checks = [_check(name, member.trouble(), now) for name, member in self._members.items()]
        return compose("agent", checks)

    async def _health(self, _request: web.Request) -> web.Response:
        seen = self.seen(datetime.now(UTC))
        return web.json_response(
            health.document(seen),
            status=health.http_status(seen),
            content_type=health.CONTENT_TYPE,
            headers={"Cache-Control": health.CACHE_CONTROL},
        )

    async def _metrics(self, request: web.Request) -> web.Response:
        if self._figures is not None:
            await self._figures.refresh()
        body, content_type = expose(self._registry, request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def _dead(self, request: web.Request) -> web.Response:
        """What services gave up, events included."""
        shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not self._token or not hmac.compare_digest(shown.encode(), self._token.encode()):
            return web.json_response({"error": "only for the observer"}, status=HTTPStatus.UNAUTHORIZED)
        if self._queues is None:
            return web.json_response([])
        try:
            found = await self._queues.letters()
        except BrokerError as exc:
            return web.json_response({"error": exc.message}, status=HTTPStatus.SERVICE_UNAVAILABLE)
        return web.json_response([{**letter.to_json(), "body": _body(letter)} for letter in found])


def _body(letter: DeadLetter) -> str:
    return letter.message.body[:LONGEST_BODY].decode("utf-8", "replace")


def _check(name: str, trouble: str | None, now: datetime) -> Check:
    return Check("agent", name, "component", "warn" if trouble else "pass", now, trouble)
