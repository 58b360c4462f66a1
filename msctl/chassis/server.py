"""The HTTP side of a service: handlers and probes behind one list of middlewares."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from msctl.chassis import asgi, context, problems, spans
from msctl.chassis.exchange import Reply, Request
from msctl.chassis.problems import Problem
from msctl.chassis.store import DatabaseUnavailable
from msctl.telemetry import health as health_values
from msctl.telemetry.problem import CONTENT_TYPE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from aiohttp.typedefs import Handler as WebHandler
    from aiohttp.typedefs import Middleware

    from msctl.chassis.guard import Guard
    from msctl.chassis.metrics import Metrics
    from msctl.chassis.vitals import Vitals
    from msctl.telemetry.health import Health

    Circuits = Callable[[], Sequence[Mapping[str, object]]]

PROBES = frozenset({"/livez", "/readyz", "/health", "/metrics", "/-/circuits"})
LARGEST_BODY = 1024 * 1024
OUTCOME_UNKNOWN = "; the outcome is unknown: ask before trying again, or use an Idempotency-Key"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Route:
    """``handle`` answers ``method`` on the path template ``path``; what is no Reply is a 200's body.

    With a ``scope`` only tokens that have it get through.
    """

    method: str
    path: str
    handle: Callable[[Request], Awaitable[object]]
    scope: str | None = None


def application(
    service: str,
    routes: Sequence[Route],
    vitals: Vitals,
    metrics: Metrics,
    circuits: Circuits = list,
    guard: Guard | None = None,
    mounted: asgi.Application | None = None,
) -> web.Application:
    """The web application of ``service``; ``circuits`` are those of the services that it calls.

    Without a ``guard`` tokens are not looked at. ``mounted`` answers what no route and no probe does.
    """
    middlewares = (_measured(metrics), _in_context, _explained(service), _in_time)
    app = web.Application(middlewares=middlewares, client_max_size=LARGEST_BODY)
    for route in routes:
        app.router.add_route(route.method, route.path, _adapted(route, guard))
    _add_probes(app, vitals, metrics, circuits)
    if mounted is not None:
        app.router.add_route("*", "/{path:.*}", partial(asgi.answer, mounted))
    return app


def _add_probes(app: web.Application, vitals: Vitals, metrics: Metrics, circuits: Circuits) -> None:
    async def live(_: web.Request) -> web.Response:
        return _health_response(vitals.alive())

    async def composite(_: web.Request) -> web.Response:
        return _health_response(await vitals.composite())

    async def exposition(request: web.Request) -> web.Response:
        body, content_type = metrics.exposition(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def list_circuits(_: web.Request) -> web.Response:
        return web.json_response(circuits())

    app.router.add_get("/livez", live)
    app.router.add_get("/readyz", composite)
    app.router.add_get("/health", composite)
    app.router.add_get("/metrics", exposition)
    app.router.add_get("/-/circuits", list_circuits)


def _health_response(health: Health) -> web.Response:
    return web.Response(
        body=json.dumps(health_values.document(health)).encode(),
        status=health_values.http_status(health),
        headers={"Content-Type": health_values.CONTENT_TYPE, "Cache-Control": health_values.CACHE_CONTROL},
    )


def _adapted(route: Route, guard: Guard | None) -> WebHandler:
    async def answer(incoming: web.Request) -> web.Response:
        given = incoming.headers.getall("Authorization", ())
        caller = None if guard is None else await guard.identity(given, route.scope)
        result = await route.handle(
            Request(
                method=incoming.method,
                path=incoming.path,
                parameters=incoming.match_info,
                query=incoming.query,
                headers={name.lower(): value for name, value in incoming.headers.items()},
                body=await incoming.read(),
                caller=caller,
            )
        )
        reply = result if isinstance(result, Reply) else Reply(result)
        headers = {"Content-Type": "application/json", **reply.headers}
        body = None if reply.status == 204 else json.dumps(reply.body).encode()  # noqa: PLR2004
        return web.Response(body=body, status=reply.status, headers=headers)

    return answer


def _measured(metrics: Metrics) -> Middleware:
    @web.middleware
    async def measured(request: web.Request, handler: WebHandler) -> web.StreamResponse:
        begun = time.perf_counter()
        response = await handler(request)
        template = _template(request) or "unknown"
        metrics.request(template, _known_method(request), response.status, time.perf_counter() - begun)
        return response

    return measured


def _template(request: web.Request) -> str | None:
    """The path template of the route that answered; nothing when there is none."""
    resource = request.match_info.route.resource
    if resource is None or resource.canonical == "/{path}":
        return request.match_info.get(asgi.TEMPLATE)
    return resource.canonical


def _known_method(request: web.Request) -> str:
    return request.method if request.method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE") else "other"


@web.middleware
async def _in_context(request: web.Request, handler: WebHandler) -> web.StreamResponse:
    headers = request.headers
    work = context.received(
        headers.getall("traceparent", ()), headers.getall("tracestate", ()), headers.get("X-Timeout-Ms")
    )
    with context.working(work):
        begun = time.perf_counter()
        response = await handler(request)
        template = _template(request) or request.path[:200]
        if template not in PROBES:
            spans.done(f"{request.method} {template}", time.perf_counter() - begun, status=response.status)
        return response


def _explained(service: str) -> Middleware:
    @web.middleware
    async def explained(request: web.Request, handler: WebHandler) -> web.StreamResponse:
        headers: dict[str, str] = {}
        try:
            return await handler(request)
        except Problem as error:
            problem = error
        except DatabaseUnavailable as error:
            _log.warning("%s %s failed: %s", request.method, request.path, error)
            problem = Problem(503, "database-unavailable", f"The database of '{service}' does not answer")
            problem.retry_after = 1
        except web.HTTPException as error:
            problem = problems.of_status(error.status)
            headers.update({name: error.headers[name] for name in ("Allow",) if name in error.headers})
        except Exception:
            _log.exception("%s %s failed", request.method, request.path)
            problem = Problem(500, "internal-error", "The service failed; its log says why")
        headers |= {"Content-Type": CONTENT_TYPE, **problem.headers}
        if problem.retry_after is not None:
            headers["Retry-After"] = str(problem.retry_after)
        body = problems.encode(problem, service, request.path)
        return web.Response(body=body, status=problem.status, headers=headers)

    return explained


@web.middleware
async def _in_time(request: web.Request, handler: WebHandler) -> web.StreamResponse:
    limit = asyncio.timeout(context.remaining())
    try:
        async with limit:
            return await handler(request)
    except TimeoutError as error:
        if not limit.expired():
            raise
        unknown = "" if request.method in ("GET", "HEAD") else OUTCOME_UNKNOWN
        raise Problem(504, "deadline-exceeded", f"The caller's time was up{unknown}") from error
