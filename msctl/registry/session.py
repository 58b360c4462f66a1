"""One py-consul client: made at first use, kept apart from the environment, its errors translated."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from msctl.errors import RegistryError, RegistryRefused

_LOOK = "'msctl logs registry' shows why"


class Session:
    """Connections to one Consul server; ``timeout`` bounds each request in seconds."""

    def __init__(self, scheme: str, host: str, port: int, token: str | None, timeout: float) -> None:
        self._scheme = scheme
        self._host = host
        self._port = port
        self._token = token
        self._timeout = timeout
        self._lock = threading.Lock()
        self._client: Any = None

    def ask(self, what: str, request: Callable[[Any], Any]) -> Any:
        """Perform ``request`` on the client; ``what`` names it in errors."""
        from consul import ACLPermissionDenied, ConsulException  # noqa: PLC0415

        try:
            return request(self._connected())
        except ACLPermissionDenied as exc:
            raise RegistryRefused(
                f"Consul refused to {what}: permission denied ({exc})",
                hint="run 'msctl up': it gives this checkout a token again",
            ) from exc
        except ConsulException as exc:
            raise RegistryError(f"Consul failed to {what}: {exc}", _LOOK) from exc
        except OSError as exc:  # requests' errors are OSErrors
            raise RegistryError(
                f"Consul does not answer at {self._host}:{self._port}: cannot {what} ({_short(exc)})", _LOOK
            ) from exc

    def close(self) -> None:
        """Close the connections; the next request opens new ones."""
        with self._lock:
            if self._client is not None:
                self._client.http.session.close()
                self._client = None

    def _connected(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _connect(self) -> Any:
        from consul import Consul  # noqa: PLC0415

        client = Consul(
            host=self._host,
            port=self._port,
            scheme=self._scheme,
            verify=True,
            connections_timeout=self._timeout,
        )
        client.token = self._token  # py-consul lets CONSUL_HTTP_TOKEN win over its argument
        client.http.session.trust_env = False  # a proxy of the environment is not for our own Consul
        return client


def catalog_deregister(
    client: Any, node: str, *, service_id: str | None = None, check_id: str | None = None
) -> None:
    """Remove a service, or one check, from the catalog alone.

    Not by py-consul's method: with a token that one sends a ``WriteRequest`` in the body, which
    Consul refuses as an unknown field.
    """
    from consul.callback import CB  # noqa: PLC0415

    named = {"ServiceID": service_id} if check_id is None else {"CheckID": check_id}
    body = json.dumps({"Node": node, **named})
    client.http.put(CB.boolean(), "/v1/catalog/deregister", headers=client.prepare_headers(), data=body)


def _short(exc: OSError) -> str:
    cause: BaseException = exc
    while (inner := cause.__cause__ or cause.__context__) is not None:
        cause = inner
    return str(cause) or type(cause).__name__
