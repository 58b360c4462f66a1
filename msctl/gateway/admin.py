"""The admin endpoints, on a port of their own: health, routes, upstreams, circuits, metrics, reload."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

from aiohttp import web

from msctl.auth.members import digest
from msctl.errors import ManifestInvalid
from msctl.gateway.explain import EXPLANATIONS
from msctl.gateway.router import hostname
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
        application = web.Application(middlewares=[refuse_web_pages, say_what_is_wrong, self._operator_only])
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
        answer = _refusal("not-the-operator", "this endpoint wants the operator's secret as a bearer token")
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer

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
        if isinstance(breaker, web.Response):
            return breaker
        try:
            seconds = duration(request.query["for"]) if "for" in request.query else None
        except Fault as fault:
            return _refusal("bad-request", f"for: {fault.what}")
        breaker.trip(seconds)
        return self._circuit(request)

    async def reset(self, request: web.Request) -> web.Response:
        """Close a circuit and forget what it counted."""
        breaker = self._breaker(request)
        if isinstance(breaker, web.Response):
            return breaker
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
            return _refusal("invalid-document", exc.message, problems=problems)
        return web.json_response({"routes": len(self._gateway.table.router.routes)})

    def _breaker(self, request: web.Request) -> Breaker | web.Response:
        callee = request.match_info["callee"]
        service = self._gateway.table.services.get(callee)
        if service is None or service.breaker is None:
            detail = f"the gateway has no circuit to '{callee}'"
            return _refusal("no-circuit", detail, service=callee)
        return service.breaker

    def _circuit(self, request: web.Request) -> web.Response:
        service = self._gateway.table.services[request.match_info["callee"]]
        return web.json_response(circuit_view(service, datetime.now(UTC)))


@web.middleware
async def refuse_web_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A page of another site that is open in the operator's browser must change and read nothing here."""
    if request.method != "GET" and "Origin" in request.headers:
        return _refusal("forbidden", "this endpoint is not for web pages")
    if not is_plain_host(request.headers.get("Host", "")):
        return _refusal("forbidden", "a domain of the web leads here; ask by address or plain name")
    return await handler(request)


def is_plain_host(authority: str) -> bool:
    """Whether it is an address or a name without dots, which no site of the web can have lead here."""
    host = hostname(authority)
    if "." not in host:
        return True
    try:
        return bool(ip_address(host.strip("[]")))
    except ValueError:
        return False


@web.middleware
async def say_what_is_wrong(request: web.Request, handler: Handler) -> web.StreamResponse:
    """aiohttp's own refusals as problems."""
    try:
        return await handler(request)
    except web.HTTPMethodNotAllowed as exc:
        allow = ", ".join(sorted(exc.allowed_methods))
        answer = _refusal("wrong-admin-method", f"this endpoint takes {allow}")
        answer.headers["Allow"] = allow
        return answer
    except web.HTTPNotFound:
        return _refusal("no-endpoint", "no admin endpoint has this path")


def _refusal(kind: str, detail: str, service: str | None = None, **extensions: object) -> web.Response:
    known = EXPLANATIONS[kind]
    found = Problem(kind, known.title, known.status, detail, service=service, extensions=extensions)
    return web.Response(body=problem.encode(found), status=found.status, content_type=problem.CONTENT_TYPE)
