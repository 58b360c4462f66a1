"""The endpoints of auth for the operator, as the command line uses them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from msctl.auth.refusal import HINTS
from msctl.errors import ContainerDown, EngineError, MsctlError, NotRunning, ObjectMissing, UsageError
from msctl.orchestrator.access import Access

_TIMEOUT = 5.0


class TokenAdmin:
    """Asks auth with the operator's secret; raises ``NotRunning`` when it does not answer."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def issue(self, wanted: Mapping[str, Any]) -> str:
        """A token; raises ``UsageError`` for one that nobody may have."""
        return str(self._ask("POST", "/-/tokens", wanted)["access_token"])

    def revoke(self, token: str) -> Mapping[str, Any]:
        """Revoke a token; what it was."""
        answer: Mapping[str, Any] = self._ask("POST", "/-/revocations", {"token": token})
        return answer

    def keys(self) -> list[Mapping[str, Any]]:
        """Every published key with its state."""
        return list(self._ask("GET", "/-/keys"))

    def rotate(self) -> Mapping[str, Any]:
        """Publish a new key; the key."""
        answer: Mapping[str, Any] = self._ask("POST", "/-/keys", {})
        return answer

    def published(self) -> Mapping[str, Any]:
        """The key set (``keys``) and what is revoked (``revoked``)."""
        answer: Mapping[str, Any] = self._ask("GET", "/-/published")
        return answer

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        secret = self._access.operator_secret()
        if secret is None:
            raise NotRunning("this checkout has no operator's secret", "run 'msctl up' here")
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        try:
            address = urlsplit(self._access.auth_admin())
            connection = HTTPConnection(address.hostname or "", address.port, timeout=_TIMEOUT)
            try:
                connection.request(method, path, None if body is None else json.dumps(body), headers)
                response = connection.getresponse()
                return _decoded(response.status, response.read())
            finally:
                connection.close()
        except (ObjectMissing, ContainerDown) as exc:
            raise NotRunning("auth does not run", "start the project with 'msctl up'") from exc
        except (EngineError, OSError, HTTPException, ValueError) as exc:
            self._access.forget_auth()
            raise NotRunning(f"auth does not answer: {exc}", "'msctl logs auth' shows why") from exc


def _decoded(status: int, body: bytes) -> Any:
    answer = json.loads(body) if body else {}
    if status == HTTPStatus.UNAUTHORIZED:
        raise MsctlError("auth does not know this checkout's operator", "run 'msctl up' here")
    if status == HTTPStatus.BAD_REQUEST:
        raise UsageError(
            f"auth refused: {answer.get('error_description', answer)}", _HINTS.get(answer["error"])
        )
    if status >= HTTPStatus.BAD_REQUEST:
        raise MsctlError(f"auth failed with status {status}", "'msctl logs auth' shows why")
    return answer


_HINTS = {
    **HINTS,
    "invalid_target": "'msctl token clients' lists who gets tokens for which audience",
    "invalid_scope": "'msctl token clients' lists who may have which scope",
    "invalid_client": "'msctl token clients' lists all clients",
}
