"""Where a service's own database is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from msctl import labels
from msctl.engine.port import Engine
from msctl.errors import NotRunning, ObjectMissing, UsageError
from msctl.manifest.similar import known
from msctl.model.project import DatabaseEngine, Project, Service


@dataclass(frozen=True, slots=True)
class Place:
    """A database of ``service``: its container, what kind it is, and the service's folder if it has one."""

    service: str
    container: str
    engine: DatabaseEngine
    folder: Path | None = None


def place_of(engine: Engine, project: Project, name: str) -> Place:
    """The running database of a service; ``UsageError`` without one, ``NotRunning`` where it rests."""
    service = service_with_database(project, name)
    assert service.database is not None  # noqa: S101
    container = labels.database(project.name, name)
    require_running(engine, container)
    folder = project.folder / service.build if service.build is not None else None
    return Place(name, container, service.database.engine, folder)


def service_with_database(project: Project, name: str) -> Service:
    """The service, if it has a database of its own."""
    having = [service.name for service in project.services.values() if service.database is not None]
    if name not in project.services:
        hint = known(name, project.services, f"with a database: {', '.join(having) or 'none'}")
        raise UsageError(f"there is no service '{name}'", hint)
    service = project.services[name]
    if service.database is None:
        raise UsageError(
            f"service '{name}' has no database", f"with a database: {', '.join(having) or 'none'}"
        )
    return service


def require_running(engine: Engine, container: str) -> None:
    """Raise ``NotRunning`` unless the container runs."""
    try:
        state = engine.inspect(container).state
    except ObjectMissing as exc:
        raise NotRunning(f"{container} does not run", "start the project with 'msctl up'") from exc
    if state != "running":
        raise NotRunning(f"{container} does not run: it is {state}", "start the project with 'msctl up'")
