"""The gateway's admin endpoints, as the command line uses them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from msctl.errors import ContainerDown, EngineError, MsctlError, NotRunning, ObjectMissing, UsageError

_TIMEOUT = 2.0


class AdminAccess(Protocol):
    """A way to a gateway's admin endpoints."""

    def gateway_admin(self) -> str:
        """Their base URL."""

    def forget_gateway(self) -> None:
        """Find them anew next time."""

    def operator_secret(self) -> str | None:
        """What the gateway wants to see before it changes anything."""


@dataclass(frozen=True, slots=True)
class AdminAt:
    """The admin endpoints of a gateway that runs alone."""

    url: str
    secret: str | None = None

    def gateway_admin(self) -> str:
        """Their base URL."""
        return self.url

    def forget_gateway(self) -> None:
        """The address is the document's and stays."""

    def operator_secret(self) -> str | None:
        """What the caller gave."""
        return self.secret


def read_circuits(access: AdminAccess) -> list[dict[str, Any]]:
    """The gateway's circuits; raises ``NotRunning`` when it does not answer."""
    return list(_ask(access, "GET", "/-/circuits"))


def read_upstreams(access: AdminAccess) -> list[dict[str, Any]]:
    """Every service with its instances as the gateway sees them; raises ``NotRunning``."""
    return list(_ask(access, "GET", "/-/upstreams"))


def set_circuit(access: AdminAccess, callee: str, action: str) -> None:
    """``trip`` or ``reset`` the circuit towards ``callee``; raises ``UsageError`` for an unknown one."""
    _ask(access, "POST", f"/-/circuits/{quote(callee, safe='')}/{action}")


def _ask(access: AdminAccess, method: str, path: str) -> Any:
    try:
        address = urlsplit(access.gateway_admin())
        connection = HTTPConnection(address.hostname or "", address.port, timeout=_TIMEOUT)
        try:
            secret = access.operator_secret() or ""
            connection.request(method, path, headers={"Authorization": f"Bearer {secret}"} if secret else {})
            response = connection.getresponse()
            return _decoded(response.status, response.read())
        finally:
            connection.close()
    except (ObjectMissing, ContainerDown) as exc:
        raise NotRunning("the gateway does not run", "start the project with 'msctl up'") from exc
    except (EngineError, OSError, HTTPException, ValueError) as exc:
        access.forget_gateway()
        raise NotRunning(
            f"the gateway's admin endpoint does not answer: {exc}", "'msctl logs gateway' shows why"
        ) from exc


def _decoded(status: int, body: bytes) -> Any:
    answer = json.loads(body) if body else None
    if status == HTTPStatus.NOT_FOUND:
        raise UsageError(
            str((answer or {}).get("detail", "the gateway knows no such thing")),
            "'msctl circuits' lists them all",
        )
    if status == HTTPStatus.UNAUTHORIZED:
        raise MsctlError("the gateway does not know this checkout's operator", "run 'msctl up' here")
    if status >= HTTPStatus.BAD_REQUEST:
        raise MsctlError(f"the gateway refused: {answer}", "'msctl logs gateway' shows why")
    return answer
