"""Whether the gateway can have its port on this machine."""

from __future__ import annotations

import errno
import socket

from msctl.errors import PortTaken
from msctl.model.observed import ObservedContainer
from msctl.model.project import Gateway


def holds_port(gateway: ObservedContainer | None, wanted: Gateway) -> bool:
    """Whether our gateway has the port; a killed command's start takes it before the engine shows it."""
    if gateway is None:
        return False
    return gateway.state == "created" or (wanted.bind, wanted.port) in gateway.ports.values()


def port_trouble(host: str, port: int) -> str | None:
    """Why the port cannot be had; the engine may bind what this user may not, and tells if it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as exc:
            taken = exc.errno in {errno.EADDRINUSE, errno.EADDRNOTAVAIL}
            return str(exc.strerror) if taken else None
    return None


def require_port(host: str, port: int) -> None:
    """Tell before anything is started that the gateway's port is taken; the engine would tell later."""
    trouble = port_trouble(host, port)
    if trouble is not None:
        raise PortTaken(
            f"port {port} on {host}, which the gateway needs, cannot be had: {trouble}",
            "stop what uses it, or set gateway.port to a free one",
        )
