"""Self-registration: an instance enters itself into Consul when it is ready, and leaves when it stops."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import aiohttp

from msctl.errors import RegistryError
from msctl.labels import REGISTRY_META

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from msctl.chassis.backoff import Backoff
    from msctl.chassis.settings import Settings

CHECK_SECONDS = 2.0
CALL_SECONDS = 3.0
_log = logging.getLogger(__name__)


def entry(settings: Settings, address: str, check_id: str) -> dict[str, Any]:
    """The agent's registration document of this instance, passing from the start since it is ready.

    ``check_id`` is this process's own: under an old one Consul would keep the verdict on its predecessor.
    """
    return {
        "ID": settings.instance,
        "Name": settings.service,
        "Address": address,
        "Port": settings.port,
        "Meta": {REGISTRY_META: settings.project},
        "Check": {
            "CheckID": check_id,
            "HTTP": f"http://{address}:{settings.port}/readyz",
            "Interval": "2s",
            "Timeout": "1s",
            "Status": "passing",
            "FailuresBeforeCritical": 2,
            "DeregisterCriticalServiceAfter": "10m",
        },
    }


def own_address(registry: str) -> str:
    """The address under which ``registry``'s network knows this machine; nothing is sent."""
    parts = urlsplit(registry)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((parts.hostname or "", parts.port or 8500))
            return str(probe.getsockname()[0])
    except OSError as error:
        raise RegistryError(f"the registry at {registry} cannot be reached: {error}") from error


class Registration:
    """Keeps this instance in the registry while it is ready, also after the registry lost it."""

    def __init__(
        self,
        settings: Settings,
        session: aiohttp.ClientSession,
        ready: Callable[[], Awaitable[bool]],
        backoff: Backoff,
    ) -> None:
        self._settings = settings
        self._session = session
        self._ready = ready
        self._backoff = backoff
        self._check_id = f"{settings.instance}:{uuid.uuid4().hex[:12]}"
        self._entered = False

    async def run(self) -> None:
        """Look after the entry until cancelled."""
        failures = 0
        while True:
            try:
                if await self._ready() and not (self._entered and await self._registered()):
                    await self._register()
                    self._entered = True
                failures = 0
                await asyncio.sleep(CHECK_SECONDS)
            except RegistryError as error:
                failures += 1
                _log.warning("not registered: %s", error)
                await asyncio.sleep(self._backoff.delay(failures))

    async def leave(self) -> None:
        """Take the entry out; what fails here is left to the agent."""
        try:
            await self._ask("PUT", f"agent/service/deregister/{quote(self._settings.instance)}")
        except RegistryError as error:
            _log.warning("not deregistered: %s", error)

    async def _registered(self) -> bool:
        status, body = await self._ask("GET", f"agent/service/{quote(self._settings.instance)}", missing=True)
        if status == 404:  # noqa: PLR2004
            return False
        known = json.loads(body)
        wanted = (await self._address(), self._settings.port)
        return (known.get("Address"), known.get("Port")) == wanted

    async def _register(self) -> None:
        document = entry(self._settings, await self._address(), self._check_id)
        await self._ask("PUT", "agent/service/register?replace-existing-checks=true", document)
        await self._forget_other_checks()
        _log.info("registered as %s at %s", document["ID"], document["Address"])

    async def _forget_other_checks(self) -> None:
        """Remove checks that only the catalog knows of an earlier life: with ACLs Consul cannot do it."""
        _, body = await self._ask("GET", f"health/checks/{quote(self._settings.service)}")
        for check in json.loads(body):
            if check["ServiceID"] == self._settings.instance and check["CheckID"] != self._check_id:
                gone = {"Node": check["Node"], "CheckID": check["CheckID"]}
                await self._ask("PUT", "catalog/deregister", gone)

    async def _address(self) -> str:
        return await asyncio.to_thread(own_address, str(self._settings.registry_address))

    async def _ask(
        self, method: str, path: str, body: object = None, *, missing: bool = False
    ) -> tuple[int, bytes]:
        url = f"{self._settings.registry_address}/v1/{path}"
        token = self._settings.registry_token
        headers = {"X-Consul-Token": token} if token else {}
        timeout = aiohttp.ClientTimeout(total=CALL_SECONDS)
        try:
            async with self._session.request(
                method, url, json=body, headers=headers, timeout=timeout
            ) as response:
                content = await response.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise RegistryError(
                f"the registry does not answer: {str(error) or type(error).__name__}"
            ) from error
        if response.status == 200 or (missing and response.status == 404):  # noqa: PLR2004
            return response.status, content
        raise RegistryError(
            f"the registry answered {response.status}: {content.decode(errors='replace').strip()}"
        )
