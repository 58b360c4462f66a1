"""What ``status`` says of events: depths and dead letters, and what keeps the broker from its work."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from msctl.broker.topology import dead_queue
from msctl.errors import MsctlError
from msctl.model.status import EventStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from msctl.broker.client import QueueFacts
    from msctl.model.project import Project
    from msctl.model.status import PlatformStatus, StatusReport
    from msctl.orchestrator.access import Access


@dataclass(frozen=True, slots=True)
class EventReading:
    """What the broker answered; ``trouble`` is why it did not, or would not take an event."""

    events: tuple[EventStatus, ...] = ()
    trouble: str | None = None


def read_events(access: Access, project: Project) -> EventReading:
    """One reading of the broker; never an error."""
    subscribers = [service.name for service in project.services.values() if service.subscribes]
    if not project.uses_broker:
        return EventReading()
    found: tuple[EventStatus, ...] = ()
    try:
        broker = access.broker()
        facts = broker.facts_of([queue for name in subscribers for queue in (name, dead_queue(name))])
        found = tuple(_event_status(name, facts) for name in subscribers)
        broker.require_unblocked()
    except MsctlError as exc:
        access.forget_broker()
        return EventReading(found, exc.message)
    return EventReading(found)


def with_events(report: StatusReport, reading: EventReading) -> StatusReport:
    """The report with what the broker said; a broker that is otherwise well is warned of for its trouble."""
    silent = [
        f"nobody consumes the events of '{event.service}' ({event.waiting} wait)"
        for event in reading.events
        if event.waiting and not event.consumers
    ]
    trouble = "; ".join([*([reading.trouble] if reading.trouble else []), *silent])
    platform = tuple(_with_trouble(part, trouble) for part in report.platform)
    return replace(report, platform=platform, events=reading.events)


def _with_trouble(part: PlatformStatus, trouble: str) -> PlatformStatus:
    if part.role != "broker" or part.health != "pass" or not trouble:
        return part
    return replace(part, health="warn", output=trouble)


def _event_status(service: str, facts: Mapping[str, QueueFacts]) -> EventStatus:
    main, dead = facts.get(service), facts.get(dead_queue(service))
    waiting, consumers = (main.messages, main.consumers) if main is not None else (0, 0)
    return EventStatus(service, waiting, consumers, dead.messages if dead is not None else 0)
