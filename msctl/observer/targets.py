"""Consul's catalog as the list of targets that Prometheus asks for by HTTP.

Prometheus's own Consul discovery is left out of Debian's build, which our recipe uses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

import aiohttp
from aiohttp import web

from msctl.labels import REGISTRY_META
from msctl.registry.config import NODE_NAME

ADMIN_PORT = 8081
_WITHOUT_METRICS = frozenset({"broker", "registry", "external"})
_BEHIND_ADMIN_PORT = frozenset({"gateway", "auth"})
_TIMEOUT = aiohttp.ClientTimeout(total=4.0)


def targets(project: str, services: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A target for each entry of the project; ``job`` is the service's or the role's name.

    ``instance`` is the container's name. A service's own labels are never called so, hence they come
    through unchanged.
    """
    found = []
    for service in services:
        meta = service.get("Meta") or {}
        role = meta.get("msctl-role", "service")
        if meta.get(REGISTRY_META) != project or role in _WITHOUT_METRICS:
            continue
        host = str(service["Address"])
        port = ADMIN_PORT if role in _BEHIND_ADMIN_PORT else int(service["Port"])
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        labels = {"job": str(service["Service"]), "instance": str(service["ID"]), "role": role}
        found.append({"targets": [place], "labels": labels})
    return found


class Targets:
    """Asks ``consul`` with the token that the asker shows: Consul decides what he may know."""

    def __init__(self, session: aiohttp.ClientSession, consul: str, project: Callable[[], str]) -> None:
        self._session = session
        self._url = f"{consul}/v1/catalog/node/{NODE_NAME}"
        self._project = project

    def routes(self) -> list[web.RouteDef]:
        """What it answers."""
        return [web.get("/-/targets", self.give)]

    async def give(self, request: web.Request) -> web.Response:
        """The targets of this moment; without an answer of Consul's none, so that the old ones stay."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        headers = {"X-Consul-Token": token} if token else {}
        try:
            async with self._session.get(self._url, headers=headers, timeout=_TIMEOUT) as response:
                if response.status != HTTPStatus.OK:
                    refused = {"error": f"Consul answered {response.status}"}
                    return web.json_response(refused, status=HTTPStatus.FORBIDDEN)
                found = (await response.json()) or {}
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as exc:
            words = {"error": f"Consul does not answer: {exc or type(exc).__name__}"}
            return web.json_response(words, status=HTTPStatus.SERVICE_UNAVAILABLE)
        return web.json_response(targets(self._project(), (found.get("Services") or {}).values()))
