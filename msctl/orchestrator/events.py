"""Use cases ``events``: what the queues hold, a copy of what is published, and publishing by hand."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from msctl import labels
from msctl.broker.facts import QueueState, question, states
from msctl.broker.messages import Message, cloud_event
from msctl.broker.topology import EVENTS
from msctl.engine.port import Engine
from msctl.errors import (
    BrokerError,
    ContainerDown,
    EngineError,
    MsctlError,
    NotRunning,
    ObjectMissing,
    UsageError,
)
from msctl.manifest.topics import matches
from msctl.model.project import Project
from msctl.orchestrator.access import Access

SAMPLE_SECONDS = 1.0
_RECONNECT_SECONDS = 1.0
_COMMAND_TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class ServiceQueues:
    """What waits for one service; ``rate`` is events a second that its subscriptions took in a sample.

    ``declared`` is false for queues that an older manifest left. ``None`` is what the broker did not tell.
    """

    service: str
    declared: bool
    ordered: bool
    waiting: int
    in_hand: int | None
    retrying: int
    dead: int
    consumers: int
    rate: float
    oldest: datetime | None

    def to_json(self) -> dict[str, Any]:
        """Plain values, times in RFC 3339."""
        oldest = self.oldest.isoformat().replace("+00:00", "Z") if self.oldest else None
        return {**asdict(self), "oldest": oldest}


def require_broker(project: Project) -> None:
    """Raise ``UsageError`` for a project without events."""
    if not project.uses_broker:
        raise UsageError(
            f"project '{project.name}' has no events", "services say 'publishes' and 'subscribes'"
        )


def overview(engine: Engine, access: Access, project: Project) -> tuple[ServiceQueues, ...]:
    """What every service's queues hold, and how fast events come, counted for a second."""
    require_broker(project)
    with ThreadPoolExecutor(1, thread_name_prefix="events") as pool:
        asked = pool.submit(_states, engine, project.name)
        with reaching():
            counted = count(access, SAMPLE_SECONDS)
        found = asked.result()
    rates = {name: number / SAMPLE_SECONDS for name, number in counted.items()}
    return queues_of(project, found, rates)


def queues_of(
    project: Project, found: tuple[QueueState, ...], rates: Mapping[str, float]
) -> tuple[ServiceQueues, ...]:
    """The queues by service, those of the manifest first. Pure."""
    left = {state.name.partition(".")[0] for state in found} - set(_subscribers(project))
    return tuple(_service(project, name, found, rates) for name in (*_subscribers(project), *sorted(left)))


def _subscribers(project: Project) -> list[str]:
    return [service.name for service in project.services.values() if service.subscribes]


def _service(
    project: Project, name: str, found: tuple[QueueState, ...], rates: Mapping[str, float]
) -> ServiceQueues:
    main = next((state for state in found if state.name == name), None)
    known = project.services.get(name)
    subscriptions = known.subscribes if known is not None else ()
    return ServiceQueues(
        service=name,
        declared=bool(subscriptions),
        ordered=any(s.ordered for s in subscriptions),
        waiting=(main.ready if main else None) or 0,
        in_hand=main.in_hand if main else 0,
        retrying=sum(state.ready or 0 for state in found if state.name.startswith(f"{name}.retry.")),
        dead=sum(state.ready or 0 for state in found if state.name == f"{name}.dead"),
        consumers=(main.consumers if main else None) or 0,
        rate=sum(r for event, r in rates.items() if any(matches(s.pattern, event) for s in subscriptions)),
        oldest=main.oldest if main else None,
    )


def _states(engine: Engine, project: str) -> tuple[QueueState, ...]:
    container = labels.container(project, "broker")
    with reaching():
        return states(engine.execute(container, question(project), timeout=_COMMAND_TIMEOUT).output)


def count(access: Access, seconds: float, clock: Callable[[], float] = time.monotonic) -> Counter[str]:
    """How many events of each type are published within ``seconds``."""
    end = clock() + seconds
    found: Counter[str] = Counter()
    for message in access.broker().tail("#"):
        if message is not None:
            found[message.routing_key] += 1
        if clock() >= end:
            break
    return found


def follow(
    access: Access,
    pattern: str,
    lost: Callable[[MsctlError], None],
    sleep: Callable[[float], None] = time.sleep,
) -> Generator[Message, None, None]:
    """A copy of each event whose type matches, for ever; ``lost`` is told when the broker went away."""
    with reaching():
        access.broker().connect()
    while True:
        try:
            yield from (message for message in access.broker().tail(pattern) if message is not None)
        except (BrokerError, EngineError) as exc:
            lost(exc)
            access.forget_broker()
            sleep(_RECONNECT_SECONDS)


def publish(access: Access, message: Message) -> None:
    """Publish an event as any service would; that nobody subscribes to it is an error."""
    with reaching():
        access.broker().send(EVENTS, message.routing_key, message)


def event_by_hand(
    project: Project, event_type: str, data: object, *, event_id: str, now: datetime,
    subject: str | None = None, key: str | None = None,
) -> Message:  # fmt: skip
    """The event that a person publishes, with the command line as its source."""
    source = f"/{project.name}/msctl"
    return cloud_event(event_type, data, source=source, event_id=event_id, now=now, subject=subject, key=key)


@contextmanager
def reaching() -> Iterator[None]:
    """Turn a broker that is not there into ``NotRunning``."""
    try:
        yield
    except (ObjectMissing, ContainerDown) as exc:
        raise NotRunning("the broker does not run", "start the project with 'msctl up'") from exc
