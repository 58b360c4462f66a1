"""What ``status`` says of events: depths and dead letters, and what keeps the broker from its work."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from msctl.broker.topology import dead_queue
from msctl.errors import MsctlError
from msctl.model.status import EventStatus

if TYPE_CHECKING:
    from msctl.broker.client import Broker
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
    found: list[EventStatus] = []
    try:
        broker = access.broker()
        found.extend(_event_status(broker, name) for name in subscribers)
        broker.require_unblocked()
    except MsctlError as exc:
        access.forget_broker()
        return EventReading(tuple(found), exc.message)
    return EventReading(tuple(found))


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


def _event_status(broker: Broker, service: str) -> EventStatus:
    main, dead = broker.queue_facts(service), broker.queue_facts(dead_queue(service))
    waiting, consumers = (main.messages, main.consumers) if main is not None else (0, 0)
    return EventStatus(service, waiting, consumers, dead.messages if dead is not None else 0)
