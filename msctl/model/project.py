"""The declared system: what a manifest says, defaults filled in.

Durations are seconds, sizes bytes, rates ratios between 0 and 1. Mappings keep the manifest's order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

DatabaseEngine = Literal["postgres", "mariadb", "redis"]
Registration = Literal["platform", "self"]
ImagePolicy = Literal["auto", "pull", "build"]


@dataclass(frozen=True, slots=True)
class Health:
    """How readiness (``path``) and liveness (``live``, ``None``: never restarted for it) are asked."""

    path: str = "/readyz"
    live: str | None = "/livez"
    interval: float = 2.0
    timeout: float = 1.0


@dataclass(frozen=True, slots=True)
class Circuit:
    """Circuit breaker settings in resilience4j's words; ``window`` is calls, or seconds if time-based."""

    failure_rate: float = 0.5
    slow_rate: float = 1.0
    slow_call: float = 2.0
    window: float = 20
    window_type: Literal["count", "time"] = "count"
    minimum_calls: int = 10
    wait: float = 5.0
    wait_growth: float = 1.0
    wait_max: float | None = None
    wait_jitter: float = 0.0
    half_open_calls: int = 3


@dataclass(frozen=True, slots=True)
class Resources:
    """Limits of one container; ``None`` means unlimited. ``memory`` is bytes, ``cpus`` cores."""

    memory: int | None = None
    cpus: float | None = None


@dataclass(frozen=True, slots=True)
class Database:
    """A service's own database; ``version`` pins the official image's version."""

    engine: DatabaseEngine
    version: str | None = None
    memory: int | None = None


@dataclass(frozen=True, slots=True)
class Subscription:
    """A topic pattern that a service consumes; ``ordered`` keeps the order of each key."""

    pattern: str
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """One manifest entry under ``services``.

    Exactly one of ``build``, ``image`` and ``external`` is set. ``build`` is a path relative to the
    manifest's folder. ``calls`` maps each callee to the scopes asked for, ``None`` meaning all.
    ``event_retries`` are the waits before the second and each further try to handle an event.
    """

    name: str
    build: Path | None = None
    image: str | None = None
    external: str | None = None
    port: int = 8000
    replicas: int = 1
    database: Database | None = None
    scopes: tuple[str, ...] = ()
    calls: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    registration: Registration = "platform"
    publishes: tuple[str, ...] = ()
    subscribes: tuple[Subscription, ...] = ()
    event_retries: tuple[float, ...] = (1.0, 10.0, 60.0)
    health: Health = Health()
    stop_grace: float = 10.0
    circuit: Circuit | None = Circuit()
    balance: Literal["least_requests", "round_robin", "weighted"] = "least_requests"
    max_concurrent: int | None = None
    resources: Resources = Resources()
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AggregatePart:
    """One call of an aggregate, ``METHOD service:/path``; ``has_fallback`` tells a null one from none."""

    name: str
    call: str
    required: bool = False
    after: tuple[str, ...] = ()
    timeout: float | None = None
    has_fallback: bool = False
    fallback: object = None


@dataclass(frozen=True, slots=True)
class Cors:
    """Cross-origin settings of a route."""

    origins: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    credentials: bool = False
    max_age: float = 600.0


@dataclass(frozen=True, slots=True)
class HeaderEdits:
    """Headers set (replacing) and removed on a message that passes through."""

    set: Mapping[str, str] = field(default_factory=dict)
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RateLimit:
    """``requests`` in ``per`` seconds for each client, with ``burst`` on top."""

    requests: int
    per: float = 1.0
    burst: int | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """One gateway route; exactly one of ``service``, ``services`` (weights) and ``aggregate`` is set."""

    path: str
    service: str | None = None
    services: Mapping[str, int] = field(default_factory=dict)
    aggregate: tuple[AggregatePart, ...] = ()
    rewrite: str | None = None
    methods: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    scopes: tuple[str, ...] = ()
    timeout: float = 2.0
    retries: int = 2
    body_limit: int | None = None
    request_headers: HeaderEdits = HeaderEdits()
    response_headers: HeaderEdits = HeaderEdits()
    cors: Cors | None = None
    rate_limit: RateLimit | None = None


@dataclass(frozen=True, slots=True)
class Tls:
    """Paths of a PEM certificate chain and its key, relative to the manifest's folder."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Gateway:
    """The front door; ``url`` is its public address when it differs from ``http://bind:port``."""

    port: int = 8080
    bind: str = "127.0.0.1"
    url: str | None = None
    errors: Literal["public", "full"] = "public"
    tls: Tls | None = None
    routes: tuple[Route, ...] = ()

    @property
    def public_url(self) -> str:
        """Where clients reach the gateway."""
        if self.url is not None:
            return self.url.rstrip("/")
        host = "127.0.0.1" if self.bind in {"0.0.0.0", "::"} else self.bind  # noqa: S104
        return f"{'https' if self.tls else 'http'}://{f'[{host}]' if ':' in host else host}:{self.port}"


@dataclass(frozen=True, slots=True)
class AuthClient:
    """An outside client of the token endpoint and the scopes it may ask for.

    ``public_key`` is a PEM file relative to the manifest's folder, for ``private_key_jwt``.
    """

    name: str
    scopes: tuple[str, ...] = ()
    public_key: Path | None = None


@dataclass(frozen=True, slots=True)
class Auth:
    """Token settings; ``max_ttl`` bounds every token's lifetime in seconds."""

    clients: tuple[AuthClient, ...] = ()
    algorithm: Literal["Ed25519", "ES256", "RS256"] = "Ed25519"
    max_ttl: float = 43200.0


@dataclass(frozen=True, slots=True)
class Platform:
    """Settings of the platform itself; ``log_room`` is bytes that stored log lines may take."""

    images: ImagePolicy = "auto"
    metrics: bool = True
    log_forward: Mapping[str, str] = field(default_factory=dict)
    log_room: int = 512 * 2**20


@dataclass(frozen=True, slots=True)
class Project:
    """A whole manifest; ``folder`` is where it lies, ``revision`` the SHA-256 of its text."""

    name: str
    folder: Path
    revision: str
    services: Mapping[str, Service]
    gateway: Gateway = Gateway()
    auth: Auth = Auth()
    platform: Platform = Platform()

    @property
    def uses_broker(self) -> bool:
        """Whether any service publishes or subscribes."""
        return any(s.publishes or s.subscribes for s in self.services.values())

    @property
    def uses_auth(self) -> bool:
        """Whether anything is guarded by tokens, or anybody may get one."""
        guarded = any(s.scopes or s.calls for s in self.services.values())
        return guarded or bool(self.auth.clients) or any(r.scopes for r in self.gateway.routes)
