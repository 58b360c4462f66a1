"""A backup of each running database that an update is about to migrate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from msctl import labels
from msctl.engine.port import Engine
from msctl.errors import MsctlError, StartFailed
from msctl.events import Notice, Sink
from msctl.model.observed import Observed
from msctl.model.project import Project
from msctl.orchestrator.databases.backups import backup, backups, usual_path
from msctl.orchestrator.databases.migrating import has_migrations, migrations
from msctl.orchestrator.databases.place import Place
from msctl.plan.operations import CreateContainer, Plan

KEPT = 5
"""Automatic backups of a service; older ones go, those that somebody asked for stay."""

_MARK = ".before-migration"


class BackupFailed(MsctlError):
    """Nothing was changed, since a database could not be backed up before its migration."""

    code = "backup-failed"


def back_up_before_migrations(
    engine: Engine, project: Project, plan: Plan, observed: Observed, folder: Path, sink: Sink, now: datetime
) -> Mapping[str, Path]:
    """By service, the backup of each database that ``plan`` lets migrate; ``folder`` is the workspace's."""
    made = {}
    for place in _migrating(engine, project, plan, observed):
        target = usual_path(folder, place, now, _MARK)
        try:
            backup(engine, place, target)
        except MsctlError as error:
            hint = "mend the cause, or apply the migration yourself: msctl db migrate " + place.service
            raise BackupFailed(
                f"nothing was changed: the database of '{place.service}' would be migrated, and its backup "
                f"failed: {error.message}",
                hint,
            ) from error
        _forget_older(folder, place.service)
        sink.emit(Notice("info", f"backed up {place.container} before its migration: {target}"))
        made[place.service] = target
    return made


@contextmanager
def telling_backups(made: Mapping[str, Path]) -> Iterator[None]:
    """Let a failure say where the backups are that were made before it."""
    try:
        yield
    except StartFailed as error:
        if not made:
            raise
        ways = "; ".join(f"msctl db restore {service} {path}" for service, path in made.items())
        raise StartFailed(
            error.message, error.cards, f"{error.hint}; what was before the migration comes back by: {ways}"
        ) from error


def _migrating(engine: Engine, project: Project, plan: Plan, observed: Observed) -> list[Place]:
    renewed = {o.spec.service for o in plan.operations if isinstance(o, CreateContainer) if o.spec.instance}
    found = []
    for service in project.services.values():
        name = labels.database(project.name, service.name)
        there = observed.container(name)
        if service.name not in renewed or service.database is None or service.build is None:
            continue
        if there is None or there.state != "running":
            continue
        place = Place(service.name, name, service.database.engine, project.folder / service.build)
        if has_migrations(place) and migrations(engine, place).pending:
            found.append(place)
    return found


def _forget_older(folder: Path, service: str) -> None:
    automatic = [path for path in backups(folder, service) if _MARK in path.name]
    for path in automatic[:-KEPT]:
        path.unlink(missing_ok=True)
