"""The engine's HTTP API: docker-py's connection, asked for raw requests and answers."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from docker.api.client import APIClient
from requests import Response

from msctl.engine.docker.failures import refusal, translating, unavailable
from msctl.engine.docker.ssh_door import SshDoor
from msctl.errors import EngineUnavailable

if TYPE_CHECKING:
    from msctl.engine.docker.address import EngineAddress

NEWEST_API = (1, 44)
"""The newest API version this adapter was written for; an engine speaks older ones too."""

_CONNECTIONS = 64
_READ_TIMEOUT = 60
_HIJACK = {"Connection": "Upgrade", "Upgrade": "tcp"}


class EngineClient(APIClient):
    """docker-py's client with typed raw requests whose failures are ``msctl.errors``."""

    def __init__(self, address: EngineAddress, door: SshDoor | None = None) -> None:
        self.address = address
        self._door = door
        super().__init__(
            base_url=door.url if door else address.url,
            tls=address.tls or False,
            timeout=_READ_TIMEOUT,
            max_pool_size=_CONNECTIONS,
        )

    def close(self) -> None:
        """Give all connections back."""
        super().close()
        if self._door:
            self._door.close()

    def _retrieve_server_version(self) -> str:
        """Agree on an API version by a ping, which costs a fifth of docker-py's own question."""
        self.trust_env = not self.address.direct
        response = self.get(f"{self.base_url}/_ping", timeout=10)
        return agreed_version(response.headers.get("Api-Version", ""))

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        data: bytes | None = None,
        query: Mapping[str, Any] | None = None,
        stream: bool = False,
        hijack: bool = False,
        timeout: float | None = _READ_TIMEOUT,
    ) -> Response:
        """One request; an error answer raises, everything else is returned."""
        headers = dict(_HIJACK) if hijack else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        with translating(self.address.url):
            response = self.request(
                method,
                f"{self.base_url}/v{self.api_version}{quote(path)}",
                params=_encoded(query or {}),
                data=data,
                headers=headers,
                stream=stream,
                timeout=(10, timeout),
            )
            if response.status_code >= HTTPStatus.BAD_REQUEST:
                raise refusal(response.status_code, _message(response))
            return response

    def read(self, path: str, **query: Any) -> Any:
        """GET ``path`` and decode its JSON."""
        return self.call("GET", path, query=query).json()

    def submit(self, path: str, body: Mapping[str, Any] | None = None, **query: Any) -> Any:
        """POST ``body`` to ``path``; the decoded answer, ``None`` where there is none."""
        response = self.call("POST", path, body=body, query=query)
        return response.json() if response.content else None

    def drop(self, path: str, **query: Any) -> None:
        """DELETE ``path``."""
        self.call("DELETE", path, query=query)


def open_client(address: EngineAddress) -> EngineClient:
    """Connect; raises ``EngineUnavailable`` when nothing answers at ``address``."""
    if address.url.startswith("ssh://"):
        return _through_ssh(address)
    with translating(address.url):
        if address.url.startswith("unix://"):
            _knock(address.url.removeprefix("unix://"))
        return EngineClient(address)


def _through_ssh(address: EngineAddress) -> EngineClient:
    with translating(address.url):
        door = SshDoor(address.url)
    try:
        with translating(address.url):
            return EngineClient(address, door)
    except EngineUnavailable as error:
        reason = door.complaint() or error.message
        door.close()
        raise unavailable(address.url, ConnectionError(reason)) from error


def _knock(path: str) -> None:
    """Find out cheaply that nobody listens: docker-py would leave its socket open."""
    with socket.socket(socket.AF_UNIX) as door:
        door.connect(path)


def agreed_version(offered: str) -> str:
    """The API version to speak with an engine whose newest is ``offered``."""
    major, _, minor = (offered or "1.24").partition(".")
    theirs = (int(major), int(minor))
    return "{}.{}".format(*min(theirs, NEWEST_API))


def _encoded(query: Mapping[str, Any]) -> dict[str, str]:
    """Query values as the engine reads them: structures as JSON, flags as 1 and 0."""
    return {
        key: json.dumps(value)
        if isinstance(value, dict)
        else str(int(value) if isinstance(value, bool) else value)
        for key, value in query.items()
        if value is not None
    }


def _message(response: Response) -> str:
    try:
        return str(response.json()["message"])
    except (ValueError, KeyError, TypeError):
        return response.text.strip() or f"HTTP {response.status_code}"
