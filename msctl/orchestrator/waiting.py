"""Use case ``wait``: until services are healthy, or the time is up."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from msctl.engine.port import Engine
from msctl.errors import UsageError
from msctl.model.project import Project
from msctl.model.status import StatusReport
from msctl.orchestrator.access import Access
from msctl.orchestrator.status import status

PAUSE = 0.3


def wait_healthy(
    engine: Engine,
    access: Access,
    project: Project,
    names: Sequence[str],
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[bool, StatusReport]:
    """Whether all (or the named services) got healthy, and how it looked last; raises ``UsageError``."""
    for name in names:
        if name not in project.services:
            raise UsageError(f"there is no service '{name}'", f"there are: {', '.join(project.services)}")
    deadline = clock() + seconds
    while True:
        report = status(engine, access, project)
        well = is_well(report, names)
        if well or clock() >= deadline:
            return well, report
        sleep(PAUSE)


def is_well(report: StatusReport, names: Sequence[str]) -> bool:
    """Whether what is waited for is healthy."""
    if not names:
        return report.healthy
    chosen = [service for service in report.services if service.name in names]
    return all(service.ready >= service.desired for service in chosen)
