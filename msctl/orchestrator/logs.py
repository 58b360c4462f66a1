"""Use case ``logs``: lines of many containers as one stream in the order of their times."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from msctl.engine.port import Engine, LogLine
from msctl.errors import NotRunning, UsageError
from msctl.model.observed import ObservedContainer
from msctl.orchestrator.following import Follower


def logs(
    engine: Engine,
    project: str,
    names: Sequence[str],
    *,
    follow: bool = False,
    tail: int | None = None,
    since: datetime | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[LogLine]:
    """Lines of the named services, roles or containers (all if none is named), oldest first.

    ``tail`` bounds the lines of each container. Following goes on until the caller stops, and takes up
    containers that appear or come back meanwhile.
    """
    containers = _chosen(engine.observe(project).containers, project, names)
    if follow:
        return Follower(engine, clock, tail=tail, since=since).follow(
            containers, lambda: _named(engine.observe(project).containers, names)
        )
    streams = [engine.logs(c.name, tail=tail, since=since) for c in containers]
    return heapq.merge(*streams, key=lambda line: line.time)


def _chosen(
    containers: Sequence[ObservedContainer], project: str, names: Sequence[str]
) -> list[ObservedContainer]:
    if not containers:
        raise NotRunning(f"project '{project}' has no containers", "start it with 'msctl up'")
    unknown = [name for name in names if not any(_matches(c, name) for c in containers)]
    if unknown:
        known = sorted({c.service or c.role for c in containers})
        raise UsageError(f"nothing here is called '{unknown[0]}'", f"there are: {', '.join(known)}")
    return _named(containers, names)


def _named(containers: Sequence[ObservedContainer], names: Sequence[str]) -> list[ObservedContainer]:
    return [c for c in containers if not names or any(_matches(c, name) for name in names)]


def _matches(container: ObservedContainer, name: str) -> bool:
    if container.role == "database":
        return name in {container.name, f"{container.service}-db"}
    number = f"{container.service}-{container.instance}"
    return name in {container.name, container.service, container.role, number}
