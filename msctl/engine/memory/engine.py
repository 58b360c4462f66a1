"""The engine port on plain dictionaries."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count

from msctl import labels
from msctl.engine.memory.records import (
    ContainerRecord,
    EventFeed,
    RecordedLines,
    created,
    marks,
    neighbours,
    owned,
    undetailed,
    unpacked,
)
from msctl.engine.memory.script import CommandRun, Script
from msctl.engine.memory.storage import MemoryStorage
from msctl.engine.port import (
    EngineEvent,
    EngineFacts,
    ExecResult,
    Identity,
    LogLine,
    LogLines,
    StopSignal,
    Stream,
)
from msctl.errors import EngineError, ImageError, NameConflict, ObjectMissing, PortTaken
from msctl.model.desired import ContainerSpec, NetworkSpec, SecretFile, VolumeSpec
from msctl.model.observed import Observed, ObservedContainer

_KILLED = 137


class MemoryEngine:
    """The port's ``Engine`` without an engine; ``script`` says what fails and what commands answer.

    Objects of another project are what strangers' objects are to a real engine.
    """

    name = "memory"

    def __init__(
        self, *, local: bool = True, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.script = Script()
        self.local = local
        self._now = now
        self._containers: dict[str, ContainerRecord] = {}
        self._storage = MemoryStorage()
        self._events = EventFeed()
        self._ids = count(1)
        self._host_ports = count(40001)
        self._lock = threading.RLock()

    def write_log(self, name: str, text: str, stream: str = "stdout") -> None:
        """Let a container write a line."""
        self._record(name).lines.append(LogLine(name, self._now(), stream, text))

    def crash(self, name: str, exit_code: int, *, oom: bool = False) -> None:
        """Let a running container end by itself."""
        with self._lock:
            self._end(self._record(name), exit_code, oom=oom)

    def facts(self) -> EngineFacts:
        """A machine of two processors and 8 GiB."""
        self.script.asked("facts", "")
        return EngineFacts(self.name, "1.0", 2, 8 * 1024**3, self.local)

    def ping(self) -> None:
        """Answer."""
        self.script.asked("ping", "")

    def observe(self, project: str) -> Observed:
        """Everything of the project now."""
        self.script.asked("observe", project)
        with self._lock:
            seen = sorted((r.seen for r in self._containers.values()), key=lambda c: c.name)
            networks = sorted(self._storage.networks.values(), key=lambda n: n.name)
            volumes = sorted(self._storage.volumes.values(), key=lambda v: v.name)
        return Observed(
            project=project,
            containers=tuple(undetailed(c) for c in seen if owned(c, project)),
            networks=tuple(n for n in networks if owned(n, project)),
            volumes=tuple(v for v in volumes if owned(v, project)),
            foreign_containers={c.name: c.id for c in seen if not owned(c, project)},
            foreign_networks={n.name: n.id for n in networks if not owned(n, project)},
            foreign_volumes={v.name: v.name for v in volumes if not owned(v, project)},
            neighbours=neighbours(project, (*seen, *networks, *volumes)),
            subnets=tuple(n.subnet for n in networks if n.subnet),
        )

    def containers(self, project: str) -> tuple[ObservedContainer, ...]:
        """The project's containers now."""
        self.script.asked("containers", project)
        return self.observe(project).containers

    def inspect(self, name: str) -> ObservedContainer:
        """One container in detail."""
        self.script.asked("inspect", name)
        return self._record(name).seen

    def create_network(self, identity: Identity, spec: NetworkSpec, subnet: str | None) -> None:
        """Create it."""
        self.script.changed("create_network", spec.name)
        with self._lock:
            self._storage.create_network(identity, spec, subnet)

    def remove_network(self, identity: Identity, name: str) -> None:
        """Remove it; one with running containers is refused."""
        self.script.changed("remove_network", name)
        with self._lock:
            if any(name in record.seen.addresses for record in self._containers.values()):
                raise EngineError(f"network '{name}' has active endpoints")
            self._storage.remove_network(identity, name)

    def create_volume(self, identity: Identity, spec: VolumeSpec) -> None:
        """Create it."""
        self.script.changed("create_volume", spec.name)
        with self._lock:
            self._storage.create_volume(identity, spec)

    def remove_volume(self, identity: Identity, name: str) -> None:
        """Remove it; one of a container is refused."""
        self.script.changed("remove_volume", name)
        with self._lock:
            if any(m.volume == name for r in self._containers.values() for m in r.spec.mounts):
                raise EngineError(f"volume '{name}' is in use")
            self._storage.remove_volume(identity, name)

    def fill_secrets(self, identity: Identity, specs: Sequence[ContainerSpec]) -> frozenset[str]:
        """Make the volumes; what is in them is what their containers' specifications say."""
        self.script.changed("fill_secrets", identity.project)
        with self._lock:
            for spec in specs:
                self._storage.clear_secrets(identity, spec.name)
                held = marks(identity, role=spec.role, service=spec.service)
                self._storage.adopt_volume(labels.secrets_volume(spec.name), held)
        return frozenset(spec.name for spec in specs)

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
        self.script.changed("create_container", spec.name)
        with self._lock:
            if spec.name in self._containers:
                seen = self._ours(identity, spec.name).seen
                if (seen.state, seen.origin) != ("created", identity.origin):
                    raise EngineError(f"container '{spec.name}' exists already")
                self._remove(identity, spec.name)
            self._storage.require_networks([a.network for a in spec.attachments])
            if self.script.images is not None and spec.image not in self.script.images:
                raise ImageError(
                    f"no such image: {spec.image}", hint="'msctl images get' gets what is missing"
                )
            if spec.secrets and not filled:
                self._storage.clear_secrets(identity, spec.name)
            held = marks(identity, role=spec.role, service=spec.service)
            secrets = (labels.secrets_volume(spec.name),) if spec.secrets else ()
            for volume in (*(m.volume for m in spec.mounts), *secrets):
                self._storage.adopt_volume(volume, held)
            made = created(f"container-{next(self._ids)}", identity, spec, config_hash)
            self._containers[spec.name] = ContainerRecord(spec, made, addresses, _contents(spec.secrets))
            self._tell(identity.project, spec.name, "create")

    def start_container(self, identity: Identity, name: str) -> ObservedContainer:
        """Start it; one with a scripted exit code has ended when this returns."""
        self.script.changed("start_container", name)
        with self._lock:
            record = self._ours(identity, name)
            if record.seen.state == "running":
                return record.seen
            ports = self._published(record.spec)
            networks = [a.network for a in record.spec.attachments]
            places = self._storage.places(networks, record.fixed)
            ids = {name: self._storage.networks[name].id for name in networks}
            record.see(state="running", addresses=places, ports=ports, started_at=self._now())
            record.see(network_ids=ids)
            record.see(exit_code=None, finished_at=None, oom_killed=False, stays_down=False)
            self._tell(identity.project, name, "start")
            if name in self.script.exit_codes:
                self._end(record, self.script.exit_codes[name])
            return record.seen

    def deliver_secrets(self, identity: Identity, name: str, files: Sequence[SecretFile]) -> None:
        """Replace files under /run/secrets."""
        self.script.changed("deliver_secrets", name)
        with self._lock:
            record = self._ours(identity, name)
            if not record.spec.secrets:
                raise EngineError(
                    f"container {name} was created without secrets", hint="'msctl up' makes it anew"
                )
            record.secrets.update(_contents(files))
            record.deliveries += 1

    def read_secret_digests(self, name: str) -> Mapping[str, str]:
        """SHA-256 of each file under /run/secrets."""
        self.script.asked("read_secret_digests", name)
        held = self._record(name).secrets
        return {file: hashlib.sha256(content).hexdigest() for file, content in held.items()}

    def read_secrets_stamp(self, name: str) -> str:
        """The container, and how often it was given others."""
        self.script.asked("read_secrets_stamp", name)
        record = self._record(name)
        return f"{record.seen.id} {record.deliveries}"

    def copy_files(self, identity: Identity, name: str, archive: bytes) -> None:
        """Keep the archive's files."""
        self.script.changed("copy_files", name)
        with self._lock:
            self._ours(identity, name).files.update(unpacked(archive))

    def stop_container(
        self, identity: Identity, name: str, grace: float, *, stays_down: bool = False
    ) -> None:
        """Stop it; without grace it is killed."""
        self.script.changed("stop_container", name)
        with self._lock:
            if name in self._containers:
                if stays_down:
                    self._ours(identity, name).see(stays_down=True)
                self._end(self._ours(identity, name), 0 if grace else _KILLED)

    def signal_container(self, identity: Identity, name: str, signal: str) -> None:
        """Record the signal; SIGKILL ends the container."""
        self.script.changed("signal_container", name)
        with self._lock:
            record = self._ours(identity, name)
            if record.seen.state != "running":
                raise EngineError(f"container {name} is not running")
            self.script.signals.append((name, signal))
            if signal == "SIGKILL":
                self._end(record, _KILLED)

    def remove_container(self, identity: Identity, name: str) -> None:
        """Remove it with its secrets."""
        self.script.changed("remove_container", name)
        with self._lock:
            self._remove(identity, name)

    def execute(
        self,
        name: str,
        command: Sequence[str],
        *,
        timeout: float,
        user: str | None = None,
        stdin: bytes | None = None,
    ) -> ExecResult:
        """What the script answers."""
        self.script.asked("execute", name)
        self._running(name)
        self.script.commands.append(CommandRun(name, tuple(command), timeout, user, stdin))
        return self.script.answer(name, command, stdin)

    def open_stream(self, name: str, command: Sequence[str]) -> Stream:
        """What the script gives."""
        self.script.asked("open_stream", name)
        self._running(name)
        if self.script.streams is None:
            raise EngineError(f"no stream is scripted for {name}")
        return self.script.streams(name, command)

    def logs(
        self,
        name: str,
        *,
        follow: bool = False,
        tail: int | None = None,
        since: datetime | None = None,
    ) -> LogLines:
        """What ``write_log`` wrote."""
        self.script.asked("logs", name)
        record = self._record(name)
        chosen = [line for line in record.lines if since is None or line.time >= since]
        return RecordedLines(record, chosen if tail is None else chosen[len(chosen) - tail :], follow=follow)

    def events(self, project: str, stop: StopSignal) -> Iterator[EngineEvent]:
        """Events from this call on."""
        return self._events.follow(project, stop)

    def _published(self, spec: ContainerSpec) -> dict[int, tuple[str, int]]:
        used = {p for r in self._containers.values() for _, p in r.seen.ports.values()}
        taken = used | self.script.taken_ports
        for binding in spec.ports:
            if binding.host_port in taken:
                where = f"port {binding.host_port} on {binding.host_address}"
                raise PortTaken(f"{spec.name} cannot start: {where} is already in use")
        return {b.container_port: (b.host_address, b.host_port or next(self._host_ports)) for b in spec.ports}

    def _remove(self, identity: Identity, name: str) -> None:
        if name in self._containers:
            self._end(self._ours(identity, name), _KILLED)
            del self._containers[name]
            self._tell(identity.project, name, "destroy")
        self._storage.remove_volume(identity, labels.secrets_volume(name))

    def _end(self, record: ContainerRecord, exit_code: int, *, oom: bool = False) -> None:
        if record.seen.state != "running":
            return
        record.see(state="exited", exit_code=exit_code, oom_killed=oom, finished_at=self._now())
        record.see(addresses=dict(record.fixed), ports={})
        project = record.seen.labels[labels.PROJECT]
        if oom:
            self._tell(project, record.spec.name, "oom")
        self._tell(project, record.spec.name, "die", exitCode=str(exit_code))

    def _tell(self, project: str, name: str, action: str, **attributes: str) -> None:
        record = self._containers.get(name)
        marks = {} if record is None else record.seen.labels
        self._events.add(
            project, EngineEvent(name, action, self._now(), {**marks, "name": name, **attributes})
        )

    def _record(self, name: str) -> ContainerRecord:
        with self._lock:
            if name in self._containers:
                return self._containers[name]
            by_id = next((r for r in self._containers.values() if r.seen.id == name), None)
            if by_id is None:
                raise ObjectMissing(f"no such container: {name}")
            return by_id

    def _ours(self, identity: Identity, name: str) -> ContainerRecord:
        record = self._record(name)
        if not owned(record.seen, identity.project):
            raise NameConflict(f"container '{name}' ({record.seen.id}) is not msctl's; it was left untouched")
        return record

    def _running(self, name: str) -> None:
        if self._record(name).seen.state != "running":
            raise EngineError(f"container {name} is not running")


def _contents(files: Sequence[SecretFile]) -> dict[str, bytes]:
    return {file.name: file.content.reveal().encode() for file in files}
