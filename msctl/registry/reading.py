"""Between Consul's JSON and our values: pure, for py-consul's decoded answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from msctl.registry.entry import Check, CheckResult, Entry

if TYPE_CHECKING:
    from msctl.registry.entry import HealthStatus

_STATUS: Mapping[str, HealthStatus] = {"passing": "pass", "warning": "warn", "critical": "fail"}


_DRAINING = "msctl: draining until "

FAILURES_BEFORE_CRITICAL = 2
"""One answer that came too late on a busy machine is no verdict; callers eject a dead instance at once."""


def check_definition(check: Check, check_id: str) -> dict[str, Any]:
    """A check as Consul's agent API takes it; its notes carry it whole, since Consul shows no definition."""
    definition: dict[str, Any] = {
        "CheckID": check_id,
        check.kind: check.target,
        "name": f"{check.kind} {check.target}",
        "interval": duration(check.interval),
        "timeout": duration(check.timeout),
        "FailuresBeforeCritical": FAILURES_BEFORE_CRITICAL,
        "DeregisterCriticalServiceAfter": duration(check.deregister_after),
        "notes": json.dumps(asdict(check), separators=(",", ":")),
    }
    if check.passing:
        definition["status"] = "passing"
    return definition


def duration(seconds: float) -> str:
    """Seconds in Go's notation, to the millisecond."""
    return f"{round(seconds * 1000)}ms"


def entry_of(service: Mapping[str, Any], checks: Iterable[Mapping[str, Any]]) -> Entry:
    """Entry from a service of the agent or catalog API, and the checks of that service."""
    return Entry(
        id=service["ID"],
        name=service["Service"],
        address=service.get("Address") or "",
        port=service.get("Port") or 0,
        meta=dict(service.get("Meta") or {}),
        tags=tuple(service.get("Tags") or ()),
        check=next((found for found in map(_noted_check, checks) if found), None),
    )


def result_of(check: Mapping[str, Any], local: Mapping[str, Any] | None = None) -> CheckResult:
    """A check's result as the catalog has it; its output may be minutes old there.

    ``local`` is the same check as the agent has it: its output is the newest, if it is of the same verdict.
    """
    newest = local if local is not None and local["Status"] == check["Status"] else check
    output = newest.get("Output") or ""
    return CheckResult(check["CheckID"], _STATUS.get(check["Status"], "fail"), output.strip())


def drain_reason(until: float) -> str:
    """The words that mark an entry as out of rotation until a moment (epoch seconds)."""
    return f"{_DRAINING}{until:.0f}"


def drains_until(checks: Iterable[Mapping[str, Any]]) -> float | None:
    """The moment in the words of ``drain_reason``, if one of an entry's checks bears them."""
    notes = (str(check.get("Notes") or "") for check in checks)
    moments = (text.removeprefix(_DRAINING) for text in notes if text.startswith(_DRAINING))
    return next((float(moment) for moment in moments if moment.isdecimal()), None)


def _noted_check(check: Mapping[str, Any]) -> Check | None:
    try:
        return Check(**json.loads(check.get("Notes") or ""))
    except (ValueError, TypeError):
        return None
