"""What a service cannot do without: the services it calls, and those that they call."""

from __future__ import annotations

from collections.abc import Sequence

from msctl.errors import UsageError
from msctl.model.project import Project


def with_needs(project: Project, names: Sequence[str]) -> frozenset[str]:
    """``names`` and everything they call, directly or not; raises ``UsageError`` for an unknown one."""
    for name in names:
        if name not in project.services:
            raise UsageError(f"there is no service '{name}'", f"there are: {', '.join(project.services)}")
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found and name in project.services:
            found.add(name)
            waiting.extend(project.services[name].calls)
    return frozenset(found)
