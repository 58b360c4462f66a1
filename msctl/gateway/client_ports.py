"""What a client's connection needs of the process around it, and of a tunnel."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol

from msctl.gateway.exchange import Exchange
from msctl.gateway.request_body import RequestBody
from msctl.gateway.wire.fields import WireError
from msctl.gateway.wire.request import RequestHead

if TYPE_CHECKING:
    from msctl.gateway.client import ClientConnection


class Host(Protocol):
    """The process that owns the connections."""

    draining: bool
    clock: Callable[[], float]

    def admit(self, connection: ClientConnection) -> bool:
        """Count a new connection in; False when there are too many."""

    def left(self, connection: ClientConnection) -> None:
        """The connection is gone."""

    def begin(self, head: RequestHead, body: RequestBody | None, connection: ClientConnection) -> Exchange:
        """Make the exchange of a request."""

    def serve(self, exchange: Exchange) -> Coroutine[Any, Any, None]:
        """Answer it."""

    def reject(self, connection: ClientConnection, error: WireError) -> None:
        """Answer bytes that are no request."""

    def turn_away(self, connection: ClientConnection) -> None:
        """Answer a connection that was not admitted."""


class ClientTunnel(Protocol):
    """The other side of an upgraded connection."""

    def from_client(self, data: bytes) -> None:
        """Bytes of the client."""

    def client_gone(self) -> None:
        """The client closed its side."""

    def client_flow(self, paused: bool) -> None:
        """The client reads too slowly, or keeps up again."""
