"""A session of ``dev``: what is watched, what was last brought into the system, what is to be done next."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from msctl.engine.images.service_context import read_context
from msctl.errors import EngineError, EngineUnavailable, ImageError
from msctl.events import Sink
from msctl.model.project import Project, Service
from msctl.orchestrator.dev.copying import Copying
from msctl.orchestrator.dev.sources import Change, Snapshot, change, remedy, snapshot


@dataclass(slots=True)
class Session:
    """Keeps a project equal to its sources; ``up`` is the use case, ``only`` limits what is watched.

    ``load`` reads the manifest and raises ``ManifestInvalid``.
    """

    load: Callable[[], Project]
    up: Callable[[Project, Sink], None]
    copying: Copying
    only: Collection[str] = ()
    project: Project | None = None
    _applied: dict[str, Snapshot] = field(default_factory=dict)
    _left: dict[str, Change] = field(default_factory=dict)
    begun: bool = False
    _due: bool = True

    def watched(self) -> Mapping[str, Path]:
        """The folders of the services that are watched."""
        project = self.project or self.load()
        chosen = (s for s in project.services.values() if not self.only or s.name in self.only)
        return {s.name: project.folder / s.build for s in chosen if s.build is not None}

    def manifest_changed(self) -> None:
        """The manifest is another one: the whole project is looked at next time."""
        self._due = True

    def catch_up(self, sink: Sink) -> bool:
        """Bring the system up to the sources as they are now; whether anything was to be done.

        What the engine cannot copy, such as a removal in an image without ``rm``, is built.
        A failure is raised once; what it left undone is done with the next change.
        """
        if self._due or self.project is None:
            self._rebuild(self.load(), sink)
            return True
        project = self.project
        seen = {name: snapshot(folder) for name, folder in self.watched().items()}
        changes = {name: found for name, now in seen.items() if (found := self._change(name, now))}
        if any(not self._copies(project, project.services[name], found) for name, found in changes.items()):
            self._rebuild(project, sink)
            return True
        for name, found in changes.items():
            self._applied[name], self._left[name] = seen[name], found
            try:
                self.copying.copy(project, project.services[name], found, sink)
            except (EngineUnavailable, ImageError):
                raise
            except EngineError:
                self._rebuild(project, sink)
                return True
            del self._left[name]
        return bool(changes)

    def changed(self) -> bool:
        """Whether sources are other than when they were last looked at; not if they cannot be read."""
        try:
            seen = {name: snapshot(folder) for name, folder in self.watched().items()}
        except ImageError:
            return False
        return seen != {name: self._applied.get(name) for name in seen}

    @property
    def finished(self) -> bool:
        """Whether everything that was begun came to its end."""
        return not self._due and not self._left

    def behind(self) -> tuple[str, ...]:
        """The services that run files which are in no image."""
        return () if self.project is None else self.copying.behind(self.project)

    def _rebuild(self, project: Project, sink: Sink) -> None:
        self.project, self._due = project, True
        self._applied = {name: snapshot(folder) for name, folder in self.watched().items()}
        self.up(project, sink)
        self._due, self.begun = False, True
        self._left.clear()

    def _change(self, name: str, now: Snapshot) -> Change | None:
        """What changed, with what an earlier failure may not have brought into every instance."""
        found = change(self._applied[name], now)
        left = self._left.get(name)
        return found.after(left, now) if found is not None and left is not None else found

    def _copies(self, project: Project, service: Service, found: Change) -> bool:
        assert service.build is not None  # noqa: S101 - only such are watched
        dockerfile = read_context(project.folder / service.build).dockerfile
        return remedy(found, dockerfile) == "copy" and self.copying.possible(project, service, found)
