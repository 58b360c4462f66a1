"""A stage for whole use cases: the engine in memory, a registry, a prober and images by script."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import Any

from msctl.engine.images.roles import ImageChoice, Wanted
from msctl.engine.memory import MemoryEngine
from msctl.errors import BuildFailed, EngineError, ImageError, RegistryError
from msctl.events import Event, Sink
from msctl.model.project import ImagePolicy, Project
from msctl.orchestrator.access import Access
from msctl.orchestrator.workspace import Workspace
from msctl.registry.acl import Doors, Party
from msctl.registry.client import Registry
from msctl.registry.entry import Entry, InstanceHealth

OK = (True, "200 ok")


class FakeRegistry(Registry):
    """Consul as a dictionary; instances of ``self_registering`` services enter themselves as they run."""

    def __init__(self, engine: MemoryEngine, project: str) -> None:
        self._engine = engine
        self._project = project
        self.held: dict[str, InstanceHealth] = {}
        self.statuses: dict[str, InstanceHealth] = {}
        self.self_registering: set[str] = set()
        self.changes: list[str] = []
        self._lock = Lock()

    def register(self, entry: Entry) -> None:
        self._engine.script.asked("register", entry.id)
        with self._lock:
            self.changes.append(f"register {entry.id}")
            self.held[entry.id] = _passing(entry.id, entry.name, entry.address, entry.port)

    def drain(self, entry_id: str, until: float) -> bool:
        self._engine.script.asked("drain", entry_id)
        with self._lock:
            self.changes.append(f"drain {entry_id}")
            return entry_id in self.held

    def deregister(self, *entry_ids: str) -> None:
        for entry_id in entry_ids:
            self._engine.script.asked("deregister", entry_id)
            with self._lock:
                self.changes.append(f"deregister {entry_id}")
                self.held.pop(entry_id, None)

    def health(self, project: str) -> tuple[InstanceHealth, ...]:
        with self._lock:
            for container in self._engine.observe(self._project).containers:
                own = container.role == "service" and container.service in self.self_registering
                if own and container.state == "running":
                    place = container.addresses.get(self._project, "")
                    self.held.setdefault(
                        container.name, _passing(container.name, container.service, place, 8000)
                    )
            return tuple(self.statuses.get(e.id, e) for e in self.held.values())

    @property
    def doors(self) -> Doors:
        return FakeDoors()

    def close(self) -> None:
        return None


class FakeDoors(Doors):
    """Lets everybody in."""

    def __init__(self) -> None:
        return None

    def admit(self, parties: Sequence[Party]) -> int:
        return 0

    def dismiss_others(self, parties: Sequence[Party]) -> None:
        return None


class FakeAccess(Access):
    """Reaches the registry while its container runs; the gateway's admin endpoint never."""

    def __init__(self, engine: MemoryEngine, registry: FakeRegistry) -> None:
        super().__init__(engine, "shop")
        self._fake = registry

    def registry(self) -> Registry:
        if not _runs(self._engine, "shop-registry"):
            raise RegistryError("Consul does not answer")
        return self._fake

    def gateway_admin(self) -> str:
        raise EngineError("no admin endpoint here")

    def observer(self) -> str:
        raise EngineError("no observer here")


class FakeProberStream:
    """The prober's end of its stream: answers each order at once with what ``answer`` says."""

    def __init__(self, answer: Callable[[str], tuple[bool, str]]) -> None:
        self._answer = answer
        self._out: SimpleQueue[bytes] = SimpleQueue()

    def send(self, data: bytes) -> None:
        for order in map(json.loads, data.splitlines()):
            if not order.get("remove"):
                ok, output = self._answer(order["id"])
                self._out.put(json.dumps({"id": order["id"], "ok": ok, "output": output}).encode() + b"\n")

    def end_input(self) -> None:
        return None

    def receive(self) -> bytes:
        return self._out.get()

    def exit_code(self) -> int | None:
        return None

    def close(self) -> None:
        self._out.put(b"")


@dataclass
class FakeImages:
    """Every role has a recipe image; a service's content is what ``content`` says."""

    content: dict[str, str] = field(default_factory=dict)
    built: set[str] = field(default_factory=set)
    asked: list[Wanted] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    marks: dict[str, str] = field(default_factory=dict)

    def foreseen(self, wanted: Wanted) -> ImageChoice:
        return self.ensure([wanted], "auto", RecordingSink(), Path())[0]

    def ensure(
        self, wanted: Sequence[Wanted], policy: ImagePolicy, sink: Sink, log_dir: Path
    ) -> Sequence[ImageChoice]:
        self.asked = list(wanted)
        return [
            ImageChoice(w.role, f"msctl/{w.role}:1", f"id-{w.role}", w.kind or "recipe", "1") for w in wanted
        ]

    def obtain(self, reference: str, sink: Sink) -> str:
        if reference in self.missing:
            raise ImageError(f"{reference} could not be pulled: no route to host")
        return f"id-{reference}"

    def bases(self, context: Path) -> Sequence[str]:
        return ()

    def service_reference(
        self, project: str, service: str, context: Path, bases: Mapping[str, ImageChoice]
    ) -> str:
        return f"{project}/{service}:{self.content.get(service, 'one')}"

    def present(self, references: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        return {name: self.marks for name in references if name in self.built}

    def build_service(
        self,
        project: str,
        service: str,
        context: Path,
        bases: Mapping[str, ImageChoice],
        sink: Sink,
        log_dir: Path,
    ) -> str:
        if service in self.broken:
            raise BuildFailed(f"the image of '{service}' could not be built", ["RUN pip", "boom"], "b.log")
        reference = self.service_reference(project, service, context, bases)
        self.built.add(reference)
        return reference


class RecordingSink:
    """Keeps every event."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        self.events.append(event)


class Stage:
    """One machine with one checkout of the shop."""

    def __init__(self, folder: Path, *, local: bool = False) -> None:
        self.engine = MemoryEngine(local=local)
        self.images = FakeImages()
        self.workspace = Workspace.of(folder)
        self.sink = RecordingSink()
        self.registry = FakeRegistry(self.engine, "shop")
        self.answers: dict[str, tuple[bool, str]] = {}
        self.engine.script.streams = lambda _name, _command: FakeProberStream(self.answer)

    def access(self, *_: object, **__: object) -> FakeAccess:
        """A new way to the registry."""
        return FakeAccess(self.engine, self.registry)

    def answer(self, name: str) -> tuple[bool, str]:
        """What the probe of a container finds."""
        return self.answers.get(name, OK if _runs(self.engine, name) else (False, "connection refused"))

    def ids(self) -> dict[str, str]:
        """Containers' ids by name."""
        return {c.name: c.id for c in self.engine.observe("shop").containers}

    def declare(self, project: Project) -> Project:
        """``project``, whose self-registering services will do so."""
        own = {s.name for s in project.services.values() if s.registration == "self"}
        self.registry.self_registering = own
        return project


def _runs(engine: Any, name: str) -> bool:
    found = engine.observe("shop").container(name)
    return found is not None and found.state == "running"


def _passing(identity: str, name: str | None, address: str, port: int) -> InstanceHealth:
    return InstanceHealth(identity, name or "", address, port, "pass", "")
