"""What becomes of passwords of databases that are being replaced."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from msctl import labels
from msctl.model.project import Project
from msctl.plan.operations import DropPassword, Operation, Plan


def telling_drops(
    plan: Plan, project: Project, former: Collection[str], only: Collection[str] | None
) -> Plan:
    """``plan`` with what ``up`` does after it: the services in ``former`` give up their old passwords."""
    served = [s.name for s in project.services.values() if s.database is not None and s.name in former]
    drops = (_drop(plan, project.name, name) for name in served if only is None or name in only)
    return replace(plan, operations=(*plan.operations, *drops))


def _drop(plan: Plan, project: str, service: str) -> Operation:
    before = tuple(_of(plan.operations, service))
    changed = any(_of(plan.changes, service))
    return DropPassword(
        subject=labels.database(project, service),
        service=service,
        reason=f"every instance has the new one{' by then' if changed else ''}",
        after=before,
    )


def _of(operations: Collection[Operation], service: str) -> Iterator[str]:
    return (operation.id for operation in operations if operation.service == service)
