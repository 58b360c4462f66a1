"""The observer, as the command line asks it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any
from urllib.parse import urlencode, urlsplit

from msctl.errors import EngineError, MsctlError, NotRunning
from msctl.orchestrator.access import Access
from msctl.orchestrator.observer_files import observer_token
from msctl.orchestrator.workspace import Workspace
from msctl.telemetry.loglines.grouping import Entry
from msctl.telemetry.loglines.record import LogRecord, Wanted, Writer, record_of
from msctl.telemetry.loglines.transfer import Position

_TIMEOUT = 30.0

Reach = Mapping[str, Mapping[str, Position]]
"""By container id and stream: how far lines are stored."""


class ObserverAway(MsctlError):
    """The observer does not answer, or refuses."""

    code = "observer-away"


@dataclass(frozen=True, slots=True)
class Observer:
    """The observer at ``url``, which wants to see ``token``."""

    url: str
    token: str

    def reach(self) -> tuple[Reach, int]:
        """How far every container's lines are stored, and the newest line's id at the same moment."""
        answer = self.ask("GET", "/-/logs/reach")
        found: dict[str, dict[str, Position]] = {}
        for identity, stream, time, number in answer["reach"]:
            found.setdefault(identity, {})[stream] = Position(time, number)
        return found, int(answer["last"])

    def records(
        self, names: Sequence[str], wanted: Wanted, *, until_id: int, newest: int | None = None
    ) -> Iterator[LogRecord]:
        """Stored records up to an id, oldest first, or only the ``newest``."""
        query = [*(("name", name) for name in names), *_query(wanted), ("before", until_id + 1)]
        if newest is not None:
            query.append(("newest", newest))
        connection = self._connect()
        try:
            response = self._request(connection, "GET", f"/-/logs?{urlencode(query)}")
            for line in response:
                yield _record(json.loads(line))
        except (OSError, HTTPException, ValueError) as exc:
            raise _away(exc) from exc
        finally:
            connection.close()

    def services(self) -> Mapping[str, Sequence[str]]:
        """Containers of which there are records, by service."""
        found: Mapping[str, Sequence[str]] = self.ask("GET", "/-/logs/services")
        return found

    def ask(self, method: str, path: str, timeout: float = _TIMEOUT) -> Any:
        """A JSON answer; raises ``ObserverAway``."""
        connection = self._connect(timeout)
        try:
            return json.loads(self._request(connection, method, path).read())
        except (OSError, HTTPException, ValueError) as exc:
            raise _away(exc) from exc
        finally:
            connection.close()

    def _connect(self, timeout: float = _TIMEOUT) -> HTTPConnection:
        address = urlsplit(self.url)
        return HTTPConnection(address.hostname or "", address.port, timeout=timeout)

    def _request(self, connection: HTTPConnection, method: str, path: str) -> HTTPResponse:
        connection.request(method, path, headers={"Authorization": f"Bearer {self.token}"})
        response = connection.getresponse()
        if response.status == HTTPStatus.UNAUTHORIZED:
            raise ObserverAway("the observer knows another token than this checkout", "run 'msctl up'")
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise ObserverAway(f"the observer refused: {response.read()[:300].decode('latin-1')}")
        return response


def open_observer(access: Access, workspace: Workspace) -> Observer:
    """The project's observer; raises ``NotRunning`` when it does not run."""
    token = observer_token(workspace)
    if token is None:
        raise NotRunning("the observer is not known to this checkout", "start the project with 'msctl up'")
    try:
        return Observer(access.observer(), token)
    except EngineError as exc:
        raise NotRunning(f"the observer does not run: {exc.message}", "run 'msctl up'") from exc


def observer_if_there(access: Access, workspace: Workspace) -> Observer | None:
    """The project's observer if it answers."""
    with suppress(MsctlError):
        found = open_observer(access, workspace)
        found.ask("GET", "/-/health", timeout=2.0)
        return found
    return None


def _query(wanted: Wanted) -> list[tuple[str, object]]:
    values = {
        "since": None if wanted.since is None else wanted.since.isoformat(),
        "until": None if wanted.until is None else wanted.until.isoformat(),
        "level": wanted.level,
        "words": wanted.words,
        "trace": wanted.trace,
        "instance": wanted.instance,
        "spans": 1 if wanted.spans else None,
    }
    return [(key, value) for key, value in values.items() if value is not None]


def _record(values: Mapping[str, Any]) -> LogRecord:
    writer = Writer(values["container"], values["service"], values["instance"])
    time = datetime.fromisoformat(values["time"])
    return record_of(writer, Entry(time, values["stream"], values["text"]), values["text"])


def _away(exc: Exception) -> ObserverAway:
    return ObserverAway(f"the observer does not answer: {exc or type(exc).__name__}", "msctl logs observer")
