"""Schemas of a project's events: read, checked for themselves, and against those of what runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from msctl import labels
from msctl.broker.compatibility import breaks
from msctl.broker.event_schemas import FOLDER, DataCheck, Schemas, read_schemas
from msctl.broker.schema_shape import Schema
from msctl.errors import ManifestInvalid
from msctl.manifest.topics import matches
from msctl.model.observed import Observed
from msctl.model.problem import ManifestProblem
from msctl.model.project import Project, Service

ByType: TypeAlias = Mapping[str, Schema]
_MOST_SHOWN = 3
_HINT = "change it so that old readers still can, or publish a new type beside it, such as '{}.v2'"


@dataclass(frozen=True, slots=True)
class EventSchemas:
    """Schemas by service and event type, with what is wrong or odd about their files."""

    by_service: Mapping[str, ByType]
    errors: tuple[ManifestProblem, ...] = ()
    warnings: tuple[ManifestProblem, ...] = ()

    def require_valid(self) -> None:
        """Raise ``ManifestInvalid`` for files that are no schemas."""
        if self.errors:
            raise ManifestInvalid("schemas of events cannot be used", self.errors)

    def check(self, event_type: str, data: object) -> None:
        """Raise ``EventDataInvalid`` unless every publisher of ``event_type`` could have said ``data``."""
        for schemas in self.by_service.values():
            DataCheck(schemas).check(event_type, data)

    def label_of(self, service: str) -> str:
        """The schemas of one service as they are kept on its containers; empty when it has none."""
        schemas = self.by_service.get(service)
        return json.dumps(schemas, sort_keys=True, separators=(",", ":")) if schemas else ""


def event_schemas(project: Project, running: Mapping[str, ByType] | None = None) -> EventSchemas:
    """Those in the folders of services that are built here; one that runs already is not checked again."""
    by_service: dict[str, ByType] = {}
    errors: list[ManifestProblem] = []
    warnings: list[ManifestProblem] = []
    for service in project.services.values():
        if service.build is None:
            continue
        folder = service.build / FOLDER
        found = read_schemas(project.folder / folder, (running or {}).get(service.name))
        if found.by_type:
            by_service[service.name] = found.by_type
        errors += [_problem(folder / fault.file.name, fault.what) for fault in found.faults]
        warnings += _strangers(service, folder, found)
    return EventSchemas(by_service, tuple(errors), tuple(warnings))


def _strangers(service: Service, folder: Path, found: Schemas) -> Iterator[ManifestProblem]:
    for event_type in found.by_type:
        if event_type not in service.publishes:
            what = f"service '{service.name}' does not publish '{event_type}'"
            known = ", ".join(service.publishes) or "nothing"
            yield _problem(folder / f"{event_type}.json", what, f"it publishes: {known}")


def running_schemas(observed: Observed) -> Mapping[str, ByType]:
    """Those that the containers of services were made with."""
    found: dict[str, ByType] = {}
    for container in observed.containers:
        text = container.labels.get(labels.EVENT_SCHEMAS)
        if text and container.service is not None:
            found[container.service] = {**found.get(container.service, {}), **json.loads(text)}
    return found


def breaking(
    project: Project, wanted: EventSchemas, running: Mapping[str, ByType]
) -> tuple[ManifestProblem, ...]:
    """What of the change from ``running`` a subscriber may choke on, each naming the subscribers."""
    return tuple(
        problem
        for name, schemas in running.items()
        if name in project.services
        for event_type, old in schemas.items()
        for problem in _breaks(
            project, project.services[name], event_type, old, wanted.by_service.get(name, {})
        )
    )


def require_compatible(project: Project, wanted: EventSchemas, running: Mapping[str, ByType]) -> None:
    """Raise ``ManifestInvalid`` when a subscriber of what runs may break."""
    problems = breaking(project, wanted, running)
    if problems:
        raise ManifestInvalid(
            "a schema of an event changed so that a subscriber may break", problems,
            "'msctl up --yes' goes ahead when all of them are ready for it",
        )  # fmt: skip


def _breaks(
    project: Project, publisher: Service, event_type: str, old: Schema, wanted: ByType
) -> Iterator[ManifestProblem]:
    readers = [
        service.name
        for service in project.services.values()
        if service.name != publisher.name and any(matches(s.pattern, event_type) for s in service.subscribes)
    ]
    if event_type not in publisher.publishes or not readers:
        return
    told = breaks(old, wanted[event_type]) if event_type in wanted else ("data: has no schema any more",)
    if told:
        more = f" and {len(told) - _MOST_SHOWN} more" if len(told) > _MOST_SHOWN else ""
        what = (
            f"the change of '{event_type}' breaks {', '.join(readers)}: {'; '.join(told[:_MOST_SHOWN])}{more}"
        )
        file = (publisher.build or Path(publisher.name)) / FOLDER / f"{event_type}.json"
        yield _problem(file, what, _HINT.format(event_type))


def _problem(file: Path, what: str, hint: str | None = None) -> ManifestProblem:
    return ManifestProblem(file.as_posix(), 1, 1, "", what, hint)
