"""The agent's own endpoints inside the project's network: health and metrics. Nothing can be changed here."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime

from aiohttp import web

from msctl.agent.member import Member
from msctl.engine.port import EngineEvent
from msctl.telemetry import health
from msctl.telemetry.health import Check, Health, compose
from msctl.telemetry.metrics import Tallies, expose, process_registry

PORT = 8081


class Admin:
    """Serves ``/-/health`` and ``/metrics`` over the other members, by name."""

    def __init__(self, members: Mapping[str, Member], counts: Counter[str], port: int = PORT) -> None:
        self._members = members
        self._port = port
        self._registry = process_registry()
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
        application.add_routes([web.get("/-/health", self._health), web.get("/metrics", self._metrics)])
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
        body, content_type = expose(self._registry, request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})


def _check(name: str, trouble: str | None, now: datetime) -> Check:
    return Check("agent", name, "component", "warn" if trouble else "pass", now, trouble)
