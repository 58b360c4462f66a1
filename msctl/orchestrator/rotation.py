"""What the gateway sees of a service's instances while they are replaced: who takes calls, and how well."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from threading import Event
from typing import Any

from msctl.errors import NotRunning, UpdateRejected
from msctl.orchestrator.admin import AdminAccess, read_upstreams

POLL = 0.05
OTHERS_LEARN = 0.6
"""Consumers ask Consul at most twice a second while it goes on changing."""

SEEN_WITHIN = 3.0
WATCHED = 3.0
QUIET = 0.7
FAILURES_IN_A_ROW = 3
ENOUGH_CALLS = 10
MORE_FAILURES = 0.2
"""By how much the share of failed calls of the new version may exceed that of the old one."""


@dataclass(frozen=True, slots=True)
class Record:
    """Calls and failures of some instances over a stretch of time."""

    calls: int = 0
    failed: int = 0

    @property
    def share(self) -> float:
        """Share of failed calls."""
        return self.failed / self.calls if self.calls else 0.0


def verdict(first: Record, others: Record, in_a_row: int) -> str | None:
    """Why the new version is no good, judged by its ``first`` instance beside the ``others``."""
    many = first.calls >= ENOUGH_CALLS and first.share > others.share + MORE_FAILURES
    if not many and (in_a_row < FAILURES_IN_A_ROW or first.share <= others.share):
        return None
    return (
        f"the new version failed {first.failed} of {first.calls} calls, "
        f"the old one {others.failed} of {others.calls}"
    )


class Rotation:
    """Waits for the gateway's view; where the gateway does not answer there is nothing to wait for."""

    def __init__(self, access: AdminAccess, stop: Event, clock: Callable[[], float] = time.monotonic) -> None:
        self._access = access
        self._stop = stop
        self._clock = clock

    def let_go(self, service: str, name: str, grace: float) -> str:
        """Return once nobody calls ``name`` any more and its calls are done, or ``grace`` seconds passed."""
        began = self._clock()
        while not self._stop.is_set():
            passed = self._clock() - began
            seen = self._service(service)
            if seen is None:
                return "out of rotation"
            under_way = _under_way(seen, name)
            if under_way == 0 and passed >= min(OTHERS_LEARN, grace):
                return "out of rotation"
            if passed >= max(grace, OTHERS_LEARN):
                return f"out of rotation, {under_way} calls not ended" if under_way else "out of rotation"
            self._stop.wait(POLL)
        return "stopped"

    def await_seen(self, service: str, names: Collection[str]) -> None:
        """Return once the gateway sends calls to all of ``names``, if it knows the service, or soon."""
        began = self._clock()
        while not self._stop.is_set() and self._clock() - began < SEEN_WITHIN:
            seen = self._service(service)
            if not seen or set(names) <= {found["name"] for found in seen.get("instances", ())}:
                return
            self._stop.wait(POLL)

    def judge(self, service: str, name: str) -> str:
        """Watch a version's first instance; raises ``UpdateRejected`` if it fails more than the others."""
        began, before = self._clock(), _instances(self._service(service))
        while not self._stop.is_set():
            seen = self._service(service)
            if seen is None:
                return "nobody to ask"
            passed, now = self._clock() - began, _instances(seen)
            first = _since(before, now, lambda n: n == name)
            others = _since(before, now, lambda n: n != name)
            reason = verdict(first, others, int(now.get(name, {}).get("failures_in_a_row", 0)))
            if reason is not None:
                raise UpdateRejected(reason, f"'msctl logs {service}' shows why")
            if passed >= WATCHED or (passed >= QUIET and not first.calls and not others.calls):
                return (
                    f"{first.calls - first.failed} of {first.calls} calls well" if first.calls else "no calls"
                )
            self._stop.wait(POLL)
        return "stopped"

    def _service(self, service: str) -> Mapping[str, Any] | None:
        """The gateway's view of a service, empty if it has no route there; ``None`` if it does not answer."""
        try:
            upstreams = read_upstreams(self._access)
        except NotRunning:
            return None
        return next((found for found in upstreams if found["service"] == service), {})


def _under_way(seen: Mapping[str, Any], name: str) -> int:
    """Calls that ``name`` has or may still get."""
    if any(found["name"] == name for found in seen.get("instances", ())):
        return 1
    return sum(int(found["in_flight"]) for found in seen.get("leaving", ()) if found["name"] == name)


def _instances(seen: Mapping[str, Any] | None) -> Mapping[str, Mapping[str, Any]]:
    return {found["name"]: found for found in (seen or {}).get("instances", ())}


def _since(
    before: Mapping[str, Mapping[str, Any]],
    now: Mapping[str, Mapping[str, Any]],
    chosen: Callable[[str], bool],
) -> Record:
    names = [name for name in now if chosen(name)]
    calls = sum(_grown(before, now, name, "calls") for name in names)
    return Record(calls, sum(_grown(before, now, name, "failed_calls") for name in names))


def _grown(
    before: Mapping[str, Mapping[str, Any]], now: Mapping[str, Mapping[str, Any]], name: str, key: str
) -> int:
    return max(0, int(now[name].get(key, 0)) - int(before.get(name, {}).get(key, 0)))
