"""Health values and their ``application/health+json`` document (draft-inadarei-api-health-check-06)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

Status = Literal["pass", "warn", "fail"]

CONTENT_TYPE = "application/health+json"
CACHE_CONTROL = "no-store"
_SEVERITY: dict[Status, int] = {"pass": 0, "warn": 1, "fail": 2}


@dataclass(frozen=True, slots=True)
class Check:
    """One measurement of one component; ``output`` is the cause when it does not pass."""

    component: str
    measurement: str
    component_type: str
    status: Status
    time: datetime
    output: str | None = None
    observed_value: float | None = None
    observed_unit: str | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """The composite of ``checks``; ``service_id`` names who answers."""

    service_id: str
    status: Status
    checks: tuple[Check, ...] = ()
    output: str | None = None


def worst(statuses: Iterable[Status]) -> Status:
    """The worst of ``statuses``; pass when there are none."""
    return max(statuses, key=_SEVERITY.__getitem__, default="pass")


def compose(service_id: str, checks: Iterable[Check]) -> Health:
    """The health of a whole from its checks: as bad as the worst, with the causes in ``output``."""
    known = tuple(checks)
    causes = [
        f"{check.component}: {check.output}" for check in known if check.status != "pass" and check.output
    ]
    return Health(service_id, worst(check.status for check in known), known, "; ".join(causes) or None)


def http_status(health: Health) -> int:
    """503 for fail; 200 for pass and warn, which both mean that work can be sent here."""
    return 503 if health.status == "fail" else 200


def _check_document(check: Check) -> dict[str, Any]:
    document: dict[str, Any] = {
        "componentType": check.component_type,
        "status": check.status,
        "time": check.time.isoformat(timespec="milliseconds"),
    }
    if check.status != "pass" and check.output:
        document["output"] = check.output
    if check.observed_value is not None:
        document["observedValue"] = check.observed_value
    if check.observed_unit is not None:
        document["observedUnit"] = check.observed_unit
    return document


def document(health: Health) -> dict[str, Any]:
    """The JSON object of ``health``; ``checks`` maps ``component:measurement`` to arrays."""
    checks: dict[str, list[dict[str, Any]]] = {}
    for check in health.checks:
        checks.setdefault(f"{check.component}:{check.measurement}", []).append(_check_document(check))
    body: dict[str, Any] = {"status": health.status, "serviceId": health.service_id}
    if health.status != "pass" and health.output:
        body["output"] = health.output
    if checks:
        body["checks"] = checks
    return body
