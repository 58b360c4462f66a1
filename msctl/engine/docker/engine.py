"""The engine port on Docker; every method is one step into the module that knows its subject."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from msctl import labels
from msctl.engine.docker import containers, delivery, execution, logs, networks, volumes, watching
from msctl.engine.docker.address import find_address
from msctl.engine.docker.client import open_client
from msctl.engine.docker.frames import optional_time
from msctl.engine.docker.observe import inspected_container, listed_container, observed
from msctl.engine.docker.ownership import Owned, inspect_ours
from msctl.engine.port import EngineFacts

if TYPE_CHECKING:
    from msctl.engine.docker.address import EngineAddress
    from msctl.engine.docker.client import EngineClient
    from msctl.engine.docker.observe import Json
    from msctl.engine.port import (
        EngineEvent,
        ExecResult,
        Identity,
        LogLines,
        StopSignal,
        Stream,
    )
    from msctl.model.desired import ContainerSpec, NetworkSpec, SecretFile, VolumeSpec
    from msctl.model.observed import Observed, ObservedContainer

_READERS = 3


def connect(environment: Mapping[str, str] | None = None) -> DockerEngine:
    """The engine the docker command would talk to; raises ``EngineUnavailable``."""
    return DockerEngine(open_client(find_address(os.environ if environment is None else environment)))


class DockerEngine:
    """The port's ``Engine`` on one Docker daemon."""

    def __init__(self, client: EngineClient, clock: execution.Clock | None = None) -> None:
        self.client = client
        self._clock = clock or execution.Clock()
        self._owned = Owned(client)
        self._info: Mapping[str, Any] | None = None
        self._info_lock = threading.Lock()

    @property
    def address(self) -> EngineAddress:
        """Where the engine listens."""
        return self.client.address

    @property
    def name(self) -> str:
        """Docker."""
        return "docker"

    @property
    def local(self) -> bool:
        """Whether its loopback is ours."""
        return self.address.local

    def close(self) -> None:
        """Give the connections back."""
        self.client.close()

    def facts(self) -> EngineFacts:
        """Version and size."""
        info = self._engine_info()
        return EngineFacts(
            self.name,
            info["ServerVersion"],
            info["NCPU"],
            info["MemTotal"],
            self.local,
            info.get("DockerRootDir"),
            optional_time(info.get("SystemTime")),
            urlsplit(info.get("IndexServerAddress", "")).hostname,
        )

    def ping(self) -> None:
        """Return if the engine answers."""
        self.client.call("GET", "/_ping", timeout=10)

    def observe(self, project: str) -> Observed:
        """Everything of the project now, from three lists read at once."""
        with ThreadPoolExecutor(_READERS) as pool:
            found = pool.submit(self.client.read, "/containers/json", all=True)
            of_networks = pool.submit(self.client.read, "/networks")
            of_volumes = pool.submit(self.client.read, "/volumes")
            now = observed(
                project, found.result(), of_networks.result(), of_volumes.result()["Volumes"] or []
            )
        self._owned.listed(now)
        return now

    def containers(self, project: str) -> tuple[ObservedContainer, ...]:
        """The project's containers now."""
        wanted = {"label": [f"{labels.PROJECT}={project}"]}
        found = self.client.read("/containers/json", all=True, filters=wanted)
        return tuple(sorted(map(listed_container, found), key=lambda c: c.name))

    def inspect(self, name: str) -> ObservedContainer:
        """One container in detail."""
        return inspected_container(containers.inspect(self.client, name))

    def create_network(self, identity: Identity, spec: NetworkSpec, subnet: str | None) -> None:
        """Create it."""
        networks.create_network(self.client, identity, spec, subnet)

    def remove_network(self, identity: Identity, name: str) -> None:
        """Remove it."""
        networks.remove_network(self.client, identity, name)

    def create_volume(self, identity: Identity, spec: VolumeSpec) -> None:
        """Create it."""
        volumes.create_volume(self.client, identity, spec)

    def remove_volume(self, identity: Identity, name: str) -> None:
        """Remove it and its data."""
        volumes.remove_volume(self.client, identity, name)

    def fill_secrets(self, identity: Identity, specs: Sequence[ContainerSpec]) -> frozenset[str]:
        """Fill the secrets volumes of containers to come, all at once."""
        return containers.fill_secrets(self.client, identity, specs)

    def create_container(
        self,
        identity: Identity,
        spec: ContainerSpec,
        config_hash: str,
        addresses: Mapping[str, str],
        *,
        filled: bool = False,
    ) -> None:
        """Create it with its secrets."""
        init = self._has_init()
        containers.create(
            self.client, identity, spec, config_hash, addresses, filled=filled, init=init, clock=self._clock
        )

    def start_container(self, identity: Identity, name: str) -> ObservedContainer:
        """Start it."""
        return inspected_container(containers.start(self.client, identity, name))

    def deliver_secrets(self, identity: Identity, name: str, files: Sequence[SecretFile]) -> None:
        """Replace files under /run/secrets."""
        delivery.deliver(self.client, inspect_ours(self.client, identity, name), files)

    def read_secret_digests(self, name: str) -> Mapping[str, str]:
        """SHA-256 of each file under /run/secrets."""
        return delivery.secret_digests(self.client, name)

    def read_secrets_stamp(self, name: str) -> str:
        """When files were last put under /run/secrets, or removed."""
        return delivery.secrets_stamp(self.client, name)

    def copy_files(self, identity: Identity, name: str, archive: bytes) -> None:
        """Unpack an archive over the working folder."""
        found = inspect_ours(self.client, identity, name)
        folder = found["Config"]["WorkingDir"] or "/"
        path = f"/containers/{found['Id']}/archive"
        self.client.call("PUT", path, data=archive, query={"path": folder})

    def stop_container(
        self, identity: Identity, name: str, grace: float, *, stays_down: bool = False
    ) -> None:
        """Stop it."""
        containers.stop(self.client, self._owned, identity, name, grace, stays_down=stays_down)

    def signal_container(self, identity: Identity, name: str, signal: str) -> None:
        """Send a signal."""
        containers.signal(self.client, self._owned, identity, name, signal)

    def remove_container(self, identity: Identity, name: str) -> None:
        """Remove it with its secrets."""
        containers.remove(self.client, self._owned, identity, name)

    def execute(
        self,
        name: str,
        command: Sequence[str],
        *,
        timeout: float,
        user: str | None = None,
        stdin: bytes | None = None,
    ) -> ExecResult:
        """Run a command in a container."""
        return execution.execute(
            self.client, name, command, timeout=timeout, user=user, stdin=stdin, clock=self._clock
        )

    def open_stream(self, name: str, command: Sequence[str]) -> Stream:
        """Talk to a command in a container."""
        return execution.open_stream(self.client, name, command, self._clock)

    def logs(
        self,
        name: str,
        *,
        follow: bool = False,
        tail: int | None = None,
        since: datetime | None = None,
    ) -> LogLines:
        """Lines of a container."""
        return logs.container_logs(self.client, name, follow=follow, tail=tail, since=since)

    def events(self, project: str, stop: StopSignal) -> Iterator[EngineEvent]:
        """Events of the project's containers."""
        return watching.project_events(self.client, project, stop)

    def _has_init(self) -> bool:
        """Whether the engine can put a small init before each process: Debian ships it apart from Docker."""
        commit: Json = self._engine_info().get("InitCommit") or {}
        return commit.get("ID") != "N/A"

    def _engine_info(self) -> Mapping[str, Any]:
        with self._info_lock:
            if self._info is None:
                self._info = self.client.read("/info")
            return self._info
