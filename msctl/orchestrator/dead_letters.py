"""Use cases ``events dead``: what services gave up, tried again or dropped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msctl.broker.client import Broker
from msctl.broker.messages import DeadLetter, dead_letter, replayed, wanted
from msctl.broker.pika_messages import properties_of
from msctl.broker.topology import DEFAULT_EXCHANGE, dead_queue
from msctl.errors import UsageError
from msctl.model.project import Project
from msctl.orchestrator.access import Access
from msctl.orchestrator.events import reaching, require_broker

MOST_LISTED = 10_000


def dead_letters(access: Access, project: Project, service: str | None) -> list[DeadLetter]:
    """The dead letters of ``service`` or of all, oldest first; of each at most ``MOST_LISTED``."""
    with reaching():
        broker = access.broker()
        return [found for name in _services(broker, project, service) for found in _listed(broker, name)]


def letters_with(access: Access, project: Project, service: str | None, event_id: str) -> list[DeadLetter]:
    """Those with an id, whole or its unambiguous beginning; several services may have given up one event."""
    found = [d for d in dead_letters(access, project, service) if wanted(d.message, event_id)]
    ids = sorted({letter.message.id for letter in found})
    exact = [letter for letter in found if letter.message.id == event_id]
    if exact:
        return exact
    if not ids:
        raise UsageError(f"there is no dead letter '{event_id}'", "'msctl events dead' lists them")
    if len(ids) > 1:
        raise UsageError(f"'{event_id}' begins several ids: {', '.join(ids[:3])}", "give more of it")
    return found


def replay(access: Access, project: Project, service: str | None, event_id: str | None) -> int:
    """Give dead letters back to the service that gave them up, ids unchanged; how many.

    Each is in its queue before it leaves the dead letters, so what is cut off is there twice, never lost;
    the inbox of the service sees to it that it has one effect.
    """
    with reaching():
        broker = access.broker()
        return sum(
            _replay(broker, name, chosen) for name, chosen in _chosen(access, project, service, event_id)
        )


def drop(access: Access, project: Project, service: str | None, event_id: str | None) -> int:
    """Remove dead letters for good; how many."""
    with reaching():
        broker = access.broker()
        return sum(
            _drop(broker, name, chosen) for name, chosen in _chosen(access, project, service, event_id)
        )


def _chosen(
    access: Access, project: Project, service: str | None, event_id: str | None
) -> Iterator[tuple[str, str | None]]:
    """Services, and the whole id that is meant; ``None`` means all."""
    if event_id is None:
        yield from ((name, None) for name in _services(access.broker(), project, service))
        return
    found = letters_with(access, project, service, event_id)
    yield from ((name, found[0].message.id) for name in dict.fromkeys(letter.service for letter in found))


def _replay(broker: Broker, service: str, event_id: str | None) -> int:
    done = 0
    with broker.holding(dead_queue(service)) as messages, broker.publishing("replay") as publish:
        for held in messages:
            if event_id in (None, held.message.id):
                again = replayed(held.message)
                publish(DEFAULT_EXCHANGE, service, again.body, properties_of(again))
                held.settle()
                done += 1
    return done


def _drop(broker: Broker, service: str, event_id: str | None) -> int:
    done = 0
    with broker.holding(dead_queue(service)) as messages:
        for held in messages:
            if event_id in (None, held.message.id):
                held.settle()
                done += 1
    return done


def _listed(broker: Broker, service: str) -> Iterator[DeadLetter]:
    with broker.holding(dead_queue(service)) as messages:
        for held, _ in zip(messages, range(MOST_LISTED), strict=False):
            yield dead_letter(service, held.message)


def _services(broker: Broker, project: Project, service: str | None) -> Sequence[str]:
    """Subscribers of the manifest, or the one asked for, which may be of an older one."""
    require_broker(project)
    known = [declared.name for declared in project.services.values() if declared.subscribes]
    if service is None:
        return known
    if service not in known and broker.queue_facts(dead_queue(service)) is None:
        raise UsageError(
            f"service '{service}' subscribes to nothing", f"there are: {', '.join(known) or 'none'}"
        )
    return [service]
