"""The admin endpoints, on a port of their own: health, routes, upstreams, circuits, metrics, reload."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from msctl.auth.members import digest
from msctl.errors import ManifestInvalid
from msctl.gateway.runtime import Gateway
from msctl.gateway.views import circuit_view, health_view, route_view, upstream_view
from msctl.manifest.faults import Fault
from msctl.manifest.grammar import duration
from msctl.resilience.breaker import Breaker
from msctl.telemetry import health, problem
from msctl.telemetry.metrics import expose
from msctl.telemetry.problem import Problem

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Reload = Callable[[], Awaitable[None]]


class Admin:
    """Handlers over one gateway; ``reload`` reads the document again."""

    def __init__(self, gateway: Gateway, reload: Reload) -> None:
        self._gateway = gateway
        self._reload = reload

    def application(self) -> web.Application:
        """The aiohttp application that serves the endpoints."""
        application = web.Application(middlewares=[refuse_web_pages, self._operator_only])
        application.add_routes(
            [
                web.get("/-/health", self.health),
                web.get("/-/routes", self.routes),
                web.get("/-/upstreams", self.upstreams),
                web.get("/-/circuits", self.circuits),
                web.post("/-/circuits/{callee}/trip", self.trip),
                web.post("/-/circuits/{callee}/reset", self.reset),
                web.get("/-/metrics", self.metrics),
                web.get("/metrics", self.metrics),
                web.post("/-/reload", self.reload),
            ]
        )
        return application

    @web.middleware
    async def _operator_only(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Everybody in the network may look; only the operator, whose secret's digest we have, may change."""
        path = self._gateway.table.config.admin_digest_file
        if request.method == "GET" or path is None:
            return await handler(request)
        expected = (await asyncio.to_thread(Path(path).read_text)).strip()
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if hmac.compare_digest(digest(given), expected):
            return await handler(request)
        return _problem(Problem("unauthorized", "Not the operator", 401, "this endpoint is the operator's"))

    async def health(self, _request: web.Request) -> web.Response:
        """The gateway's health in application/health+json."""
        seen = health_view(self._gateway.table, len(self._gateway.connections))
        return web.json_response(
            health.document(seen),
            status=health.http_status(seen),
            content_type=health.CONTENT_TYPE,
            headers={"Cache-Control": health.CACHE_CONTROL},
        )

    async def routes(self, _request: web.Request) -> web.Response:
        """The route table in the document's order."""
        return web.json_response([route_view(c) for c in self._gateway.table.router.routes])

    async def upstreams(self, _request: web.Request) -> web.Response:
        """Every service with its instances."""
        return web.json_response([upstream_view(s) for s in self._gateway.table.services.values()])

    async def circuits(self, _request: web.Request) -> web.Response:
        """Every circuit."""
        now = datetime.now(UTC)
        return web.json_response([circuit_view(s, now) for s in self._gateway.table.services.values()])

    async def trip(self, request: web.Request) -> web.Response:
        """Open a circuit, for its own wait or as long as ``?for=10m`` says."""
        breaker = self._breaker(request)
        if isinstance(breaker, Problem):
            return _problem(breaker)
        try:
            seconds = duration(request.query["for"]) if "for" in request.query else None
        except Fault as fault:
            return _problem(Problem("bad-request", "The request is malformed", 400, f"for: {fault.what}"))
        breaker.trip(seconds)
        return self._circuit(request)

    async def reset(self, request: web.Request) -> web.Response:
        """Close a circuit and forget what it counted."""
        breaker = self._breaker(request)
        if isinstance(breaker, Problem):
            return _problem(breaker)
        breaker.reset()
        return self._circuit(request)

    async def metrics(self, request: web.Request) -> web.Response:
        """Prometheus text, OpenMetrics when asked for."""
        body, content_type = expose(self._gateway.measures.registry, request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def reload(self, _request: web.Request) -> web.Response:
        """Read the document again; an invalid one changes nothing."""
        try:
            await self._reload()
        except ManifestInvalid as exc:
            problems = [str(found) for found in exc.problems]
            title = "The gateway's document is invalid"
            return _problem(
                Problem("invalid-document", title, 422, exc.message, extensions={"problems": problems})
            )
        return web.json_response({"routes": len(self._gateway.table.router.routes)})

    def _breaker(self, request: web.Request) -> Breaker | Problem:
        callee = request.match_info["callee"]
        service = self._gateway.table.services.get(callee)
        if service is None or service.breaker is None:
            detail = f"the gateway has no circuit to '{callee}'"
            return Problem("no-circuit", "There is no such circuit", 404, detail, service=callee)
        return service.breaker

    def _circuit(self, request: web.Request) -> web.Response:
        service = self._gateway.table.services[request.match_info["callee"]]
        return web.json_response(circuit_view(service, datetime.now(UTC)))


@web.middleware
async def refuse_web_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A page of another site that is open in the operator's browser must not change anything here."""
    if request.method != "GET" and "Origin" in request.headers:
        return _problem(
            Problem("forbidden", "Not from a web page", 403, "this endpoint is not for web pages")
        )
    return await handler(request)


def _problem(found: Problem) -> web.Response:
    return web.Response(body=problem.encode(found), status=found.status, content_type=problem.CONTENT_TYPE)
