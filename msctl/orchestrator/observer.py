"""The observer, as the command line asks it."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from msctl.errors import ContainerDown, MsctlError, NotRunning, ObjectMissing
from msctl.orchestrator.observer_files import observer_token

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msctl.orchestrator.access import Access
    from msctl.orchestrator.workspace import Workspace

_TIMEOUT = 30.0

REMEDY = "'msctl logs observer' shows why"


class ObserverAway(MsctlError):
    """The observer does not answer, or refuses."""

    code = "observer-away"


@dataclass(frozen=True, slots=True)
class Observer:
    """The observer at ``url``, which wants to see ``token``."""

    url: str
    token: str

    def ask(self, method: str, path: str, timeout: float = _TIMEOUT, content: object = None) -> Any:
        """A JSON answer; ``content`` goes along as JSON. Raises ``ObserverAway``."""
        connection = self._connect(timeout)
        body = None if content is None else json.dumps(content)
        try:
            return json.loads(self._request(connection, method, path, body).read())
        except (OSError, HTTPException, ValueError) as exc:
            raise _away(exc) from exc
        finally:
            connection.close()

    def lines(self, path: str) -> Iterator[bytes]:
        """The lines of a long answer as they come. Raises ``ObserverAway``."""
        connection = self._connect()
        try:
            yield from self._request(connection, "GET", path)
        except (OSError, HTTPException) as exc:
            raise _away(exc) from exc
        finally:
            connection.close()

    def _connect(self, timeout: float = _TIMEOUT) -> HTTPConnection:
        address = urlsplit(self.url)
        return HTTPConnection(address.hostname or "", address.port, timeout=timeout)

    def _request(
        self, connection: HTTPConnection, method: str, path: str, body: str | None = None
    ) -> HTTPResponse:
        connection.request(method, path, body, headers={"Authorization": f"Bearer {self.token}"})
        response = connection.getresponse()
        if response.status == HTTPStatus.UNAUTHORIZED:
            raise ObserverAway("the observer knows another token than this checkout", "run 'msctl up'")
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise ObserverAway(f"the observer refused: {response.read()[:300].decode('latin-1')}", REMEDY)
        return response


def open_observer(access: Access, workspace: Workspace) -> Observer:
    """The project's observer; raises ``NotRunning`` when it does not run."""
    token = observer_token(workspace)
    if token is None:
        raise NotRunning("the observer is not known to this checkout", "start the project with 'msctl up'")
    try:
        return Observer(access.observer(), token)
    except (ObjectMissing, ContainerDown) as exc:
        raise NotRunning("the observer does not run", "start the project with 'msctl up'") from exc


def observer_if_there(access: Access, workspace: Workspace) -> Observer | None:
    """The project's observer if it answers."""
    with suppress(MsctlError):
        found = open_observer(access, workspace)
        found.ask("GET", "/-/health", timeout=2.0)
        return found
    return None


def _away(exc: Exception) -> ObserverAway:
    return ObserverAway(f"the observer does not answer: {exc or type(exc).__name__}", REMEDY)
