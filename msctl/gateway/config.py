"""The gateway's document as values; routes and circuits are the manifest's own dataclasses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import Literal

from msctl.model.project import Circuit, Route
from msctl.resilience.breaker import BreakerSettings
from msctl.resilience.endpoints import Address

Balance = Literal["least_requests", "round_robin", "weighted"]
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Listen:
    """Where a socket listens; port 0 lets the system choose."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class ConsulConfig:
    """Consul's base URL and the file that holds the gateway's token."""

    address: str
    token_file: str | None = None


@dataclass(frozen=True, slots=True)
class TlsConfig:
    """Files of a PEM certificate chain and its private key."""

    certificate: str
    key: str


@dataclass(frozen=True, slots=True)
class ExchangeConfig:
    """The token endpoint that gives internal tokens, and this gateway's login there."""

    url: str
    client: str
    secret_file: str


@dataclass(frozen=True, slots=True)
class AuthConfig:
    """Whose tokens are accepted: ``jwks`` is a URL or a file, ``revoked`` the URL of what is revoked.

    Requests to the service ``server``, which is the issuer itself, are passed on as they come. Without
    ``exchange`` services get the client's own token.
    """

    issuer: str
    audience: str
    jwks: str
    revoked: str | None = None
    server: str | None = None
    exchange: ExchangeConfig | None = None


@dataclass(frozen=True, slots=True)
class UpstreamConfig:
    """One service: fixed ``instances``, or None to follow Consul; ``circuit`` None switches the breaker off.

    ``health`` is the path that decides whether an ejected instance may come back, ``host`` what its instances
    are told in ``Host`` instead of the client's own.
    """

    name: str
    instances: tuple[Address, ...] | None = None
    circuit: Circuit | None = field(default_factory=Circuit)
    balance: Balance = "least_requests"
    max_concurrent: int | None = None
    health: str | None = None
    port: int | None = None
    host: str | None = None


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """The whole document. ``access_log`` is the share of requests logged, ``stop_grace`` seconds to drain.

    ``max_connections`` None derives the limit from the open-file limit. ``admin_digest_file`` holds the
    SHA-256 (hex) of the secret without which the admin endpoints change nothing.
    """

    listen: Listen
    admin: Listen | None = None
    admin_digest_file: str | None = None
    tls: TlsConfig | None = None
    auth: AuthConfig | None = None
    errors: Literal["public", "full"] = "public"
    project: str | None = None
    consul: ConsulConfig | None = None
    services: Mapping[str, UpstreamConfig] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    trusted_proxies: tuple[Network, ...] = ()
    max_connections: int | None = None
    stop_grace: float = 10.0
    access_log: float = 1.0


def breaker_settings(circuit: Circuit) -> BreakerSettings:
    """A manifest's circuit as the breaker's settings."""
    timed = circuit.window_type == "time"
    return BreakerSettings(
        failure_rate=circuit.failure_rate,
        slow_rate=circuit.slow_rate,
        slow_call=circuit.slow_call,
        window_calls=20 if timed else int(circuit.window),
        window_seconds=circuit.window if timed else None,
        minimum_calls=circuit.minimum_calls,
        wait=circuit.wait,
        half_open_calls=circuit.half_open_calls,
        wait_growth=circuit.wait_growth,
        wait_limit=60.0 if circuit.wait_max is None else circuit.wait_max,
        wait_jitter=circuit.wait_jitter,
    )
