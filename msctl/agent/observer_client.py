"""The observer's ingest endpoints, for one thread: one connection, kept open."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from msctl.errors import MsctlError
from msctl.telemetry.loglines.transfer import Batch, Position, encode

_TIMEOUT = 15.0


class ObserverAway(MsctlError):
    """The observer does not answer, or refuses."""

    code = "observer-away"


class ObserverClient:
    """``url`` is where the observer is, ``token`` what it wants to see."""

    def __init__(self, url: str, token: str, timeout: float = _TIMEOUT) -> None:
        self._address = urlsplit(url)
        self._token = token
        self._timeout = timeout
        self._connection: HTTPConnection | None = None

    def reach(self) -> dict[tuple[str, str], Position]:
        """By container id and stream: how far its lines are stored."""
        answer = self._ask("GET", "/-/logs/reach")
        return {(i, stream): Position(time, number) for i, stream, time, number in answer["reach"]}

    def send(self, batches: Sequence[Batch]) -> None:
        """Store lines; they may be sent again."""
        self._ask("POST", "/-/logs", encode(batches))

    def living(self, ids: Sequence[str]) -> None:
        """Say which containers there are, so that the others' ends are forgotten."""
        self._ask("POST", "/-/logs/living", list(ids))

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(self, method: str, path: str, content: object = None) -> Any:
        body = None if content is None else json.dumps(content, separators=(",", ":")).encode()
        if self._connection is None:
            host, port = self._address.hostname or "", self._address.port
            self._connection = HTTPConnection(host, port, timeout=self._timeout)
        try:
            self._connection.request(method, path, body, {"Authorization": f"Bearer {self._token}"})
            response = self._connection.getresponse()
            answer = response.read()
            if response.status >= HTTPStatus.BAD_REQUEST:
                raise ObserverAway(
                    f"the observer answered {response.status}: {answer[:200].decode('latin-1')}"
                )
            return json.loads(answer)
        except (OSError, HTTPException, ValueError) as exc:
            self.close()
            raise ObserverAway(f"the observer does not answer: {exc or type(exc).__name__}") from exc
