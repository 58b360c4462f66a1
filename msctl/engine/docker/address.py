"""Which engine to talk to, decided the way the docker command decides it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from docker.context import ContextAPI
from docker.errors import DockerException
from docker.tls import TLSConfig

from msctl.errors import EngineUnavailable

_USUAL_SOCKET = "/var/run/docker.sock"
DEFAULT_URL = f"unix://{_USUAL_SOCKET}"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class EngineAddress:
    """Where the engine listens: ``url`` as in DOCKER_HOST, ``tls`` for an engine that asks for it."""

    url: str
    tls: TLSConfig | None = None

    @property
    def local(self) -> bool:
        """Whether ports the engine publishes on loopback are on this machine's loopback."""
        return self.url.startswith(("unix://", "npipe://"))

    @property
    def socket(self) -> str:
        """The socket on the engine's own machine; one reached from afar is taken to use the usual place."""
        return self.url.removeprefix("unix://") if self.url.startswith("unix://") else _USUAL_SOCKET

    @property
    def direct(self) -> bool:
        """Whether no HTTP proxy may stand between: a local socket, ssh, or a port of this machine."""
        return self.local or self.url.startswith("ssh://") or urlsplit(self.url).hostname in _LOOPBACK


def find_address(environment: Mapping[str, str]) -> EngineAddress:
    """DOCKER_HOST, else DOCKER_CONTEXT, else the docker command's current context, else the local socket."""
    host = environment.get("DOCKER_HOST")
    try:
        if host:
            return _checked(EngineAddress(host, _environment_tls(environment)))
        return _checked(_context_address(environment.get("DOCKER_CONTEXT") or None))
    except DockerException as error:
        raise EngineUnavailable(
            f"the docker settings cannot be used: {error}",
            hint="check DOCKER_HOST, DOCKER_CERT_PATH and 'docker context ls'",
        ) from error


def _checked(address: EngineAddress) -> EngineAddress:
    """``address``, if it can be read as one."""
    try:
        _ = urlsplit(address.url).port
    except ValueError as error:
        raise EngineUnavailable(
            f"'{address.url}' is no address of a container engine: {error}",
            hint="set DOCKER_HOST to one such as unix:///var/run/docker.sock or tcp://host:2376",
        ) from error
    return address


def _context_address(name: str | None) -> EngineAddress:
    context = ContextAPI.get_context(name)
    if context is None:
        raise EngineUnavailable(
            f"the docker context '{name or 'that is current'}' does not exist",
            hint="'docker context ls' lists them, 'docker context use NAME' chooses one",
        )
    if context.name == "default":
        return EngineAddress(DEFAULT_URL)
    return EngineAddress(context.Host or DEFAULT_URL, context.TLSConfig)


def _environment_tls(environment: Mapping[str, str]) -> TLSConfig | None:
    verify = bool(environment.get("DOCKER_TLS_VERIFY"))
    folder = environment.get("DOCKER_CERT_PATH")
    if not verify and not folder:
        return None
    certificates = Path(folder) if folder else Path.home() / ".docker"
    return TLSConfig(
        client_cert=(str(certificates / "cert.pem"), str(certificates / "key.pem")),
        ca_cert=str(certificates / "ca.pem"),
        verify=verify,
    )
