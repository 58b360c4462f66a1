"""What the in-memory engine keeps of each container."""

from __future__ import annotations

import io
import tarfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from msctl import labels
from msctl.engine.port import EngineEvent, Identity, LogLine, StopSignal
from msctl.model.desired import ContainerSpec
from msctl.model.observed import ObservedContainer, ObservedNetwork, ObservedVolume
from msctl.model.upkeep import encode, upkeep_of
from msctl.plan.differences import described

POLL = 0.005


@dataclass(slots=True)
class ContainerRecord:
    """One container: its wish, what is seen of it, its secrets and what it wrote."""

    spec: ContainerSpec
    seen: ObservedContainer
    fixed: Mapping[str, str]
    secrets: dict[str, bytes] = field(default_factory=dict)
    deliveries: int = 0
    lines: list[LogLine] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)

    def see(self, **changes: Any) -> None:
        """Change what is seen of it."""
        self.seen = replace(self.seen, **changes)


class RecordedLines:
    """The port's ``LogLines`` over a record; following, it ends with the container."""

    def __init__(self, record: ContainerRecord, lines: list[LogLine], *, follow: bool) -> None:
        self._record = record
        self._lines = lines
        self._seen = len(record.lines)
        self._follow = follow
        self._closed = threading.Event()

    def __iter__(self) -> RecordedLines:
        return self

    def __next__(self) -> LogLine:
        while not self._closed.is_set():
            if self._lines:
                return self._lines.pop(0)
            over = not self._follow or self._record.seen.state != "running"
            fresh = self._record.lines[self._seen :] if self._follow else []
            self._seen += len(fresh)
            self._lines.extend(fresh)
            if over and not self._lines:
                break
            if not self._lines:
                self._closed.wait(POLL)
        raise StopIteration

    def close(self) -> None:
        """End the iteration."""
        self._closed.set()


def unpacked(archive: bytes) -> dict[str, bytes]:
    """The files of a tar archive by path."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        files = {member.name: tar.extractfile(member) for member in tar.getmembers()}
        return {name: file.read() for name, file in files.items() if file is not None}


class EventFeed:
    """Events of all projects, in order; each follower sees those from its call on."""

    def __init__(self) -> None:
        self._all: list[tuple[str, EngineEvent]] = []

    def add(self, project: str, event: EngineEvent) -> None:
        """Something happened in ``project``."""
        self._all.append((project, event))

    def follow(self, project: str, stop: StopSignal) -> Iterator[EngineEvent]:
        """Events of ``project`` until ``stop``."""
        return self._after(len(self._all), project, stop)

    def _after(self, position: int, project: str, stop: StopSignal) -> Iterator[EngineEvent]:
        while not stop.is_set():
            fresh = self._all[position:]
            position += len(fresh)
            yield from (event for owner, event in fresh if owner == project)
            stop.wait(POLL)


def created(
    container_id: str, identity: Identity, spec: ContainerSpec, config_hash: str
) -> ObservedContainer:
    """A container that was just created, as it is seen."""
    held = marks(
        identity,
        role=spec.role,
        service=spec.service,
        instance=spec.instance,
        config_hash=config_hash,
        event_schemas=spec.event_schemas or None,
        config=described(spec),
        upkeep=encode(upkeep_of(spec)),
    )
    return ObservedContainer(
        id=container_id,
        name=spec.name,
        role=spec.role,
        service=spec.service,
        instance=spec.instance,
        state="created",
        config_hash=config_hash,
        origin=identity.origin,
        image=spec.image,
        image_id=spec.image_identity,
        labels=held,
    )


def marks(identity: Identity, **more: str | int | None) -> dict[str, str]:
    """Labels as the Docker adapter would put them; keys are label names after the prefix."""
    chosen = {key.replace("_", "-"): str(value) for key, value in more.items() if value is not None}
    mine = {labels.PROJECT: identity.project, labels.ORIGIN: identity.origin}
    return mine | {labels.PREFIX + key: value for key, value in chosen.items()}


def owned(found: ObservedContainer | ObservedNetwork | ObservedVolume, project: str) -> bool:
    """Whether it is the project's."""
    return found.labels.get(labels.PROJECT) == project


def neighbours(
    project: str, found: Iterable[ObservedContainer | ObservedNetwork | ObservedVolume]
) -> dict[str, str]:
    """Names of what belongs to other projects, mapped to those."""
    marks = {item.name: item.labels.get(labels.PROJECT) for item in found}
    return {name: other for name, other in marks.items() if other not in {None, project}}


def undetailed(found: ObservedContainer) -> ObservedContainer:
    """A container as an observation without detail shows it."""
    return replace(
        found,
        started_at=None,
        finished_at=None,
        exit_code=None,
        oom_killed=False,
        restarts=0,
        stays_down=False,
    )
