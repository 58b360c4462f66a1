"""The two parts of the exam that disturb: an event published twice, and an instance asked to stop."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.resources import files

from msctl import labels
from msctl.broker.topology import dead_queue
from msctl.engine.port import Engine, EngineEvent, Identity
from msctl.errors import MsctlError
from msctl.manifest.topics import matches
from msctl.model.observed import ObservedContainer
from msctl.model.project import Project, Service
from msctl.orchestrator.access import Access
from msctl.orchestrator.conformance.evidence import Queue, Stopping
from msctl.orchestrator.events import event_by_hand, publish

_SETTLED = 15.0
_BACK = 60.0
_STEP = 0.05
_LEAD = 0.5


def queue_of(access: Access, project: Project, service: Service, *, send: bool) -> Queue | None:
    """The service's queue; with ``send`` around two deliveries of one event that it subscribes to."""
    if not service.subscribes or not project.uses_broker:
        return None
    before = _facts(access, service)
    event_type = _event_type(project, service) if send else None
    if event_type is None:
        return Queue(before[1], before[2], before[2], before[0])
    now, name = datetime.now(UTC), str(uuid.uuid4())
    message = event_by_hand(project, event_type, {"conformance": True}, event_id=name, now=now)
    for _ in range(2):
        publish(access, message)
    left = _until(lambda: _facts(access, service)[0] == 0, _SETTLED)
    after = _facts(access, service)
    return Queue(before[1], before[2], after[2], 0 if left else after[0], event_type)


def stopping(
    engine: Engine, identity: Identity, service: Service, name: str, address: str, target: str
) -> Stopping:
    """Send SIGTERM to an instance under requests, and wait for it to end and to come back."""
    host, _, port = address.rpartition(":")
    source = (files("msctl.agent") / "stopping.py").read_text(encoding="utf-8")
    seconds = service.stop_grace + _LEAD + 1.0
    command = ["python", "-c", source, host, port, target, str(seconds)]
    gateway = labels.container(identity.project, "gateway")
    stop = threading.Event()
    events = engine.events(identity.project, stop)
    with ThreadPoolExecutor(2) as pool:
        asking = pool.submit(engine.execute, gateway, command, timeout=seconds + 30.0)
        dying = pool.submit(_death, events, name)
        by_hand = False
        try:
            time.sleep(_LEAD)
            before = engine.inspect(name)
            began = time.monotonic()
            by_hand = not _stops_itself(engine, name)
            if by_hand:
                engine.signal_container(identity, name, "SIGTERM")
            died = _in_time(dying, service.stop_grace + 1.0)
            took = time.monotonic() - began
        finally:
            stop.set()
            if by_hand:
                engine.stop_container(identity, name, service.stop_grace)
                engine.start_container(identity, name)
        told = json.loads(asking.result().output or "{}")
    back = died is not None and _until(lambda: _runs_again(engine, name, before), _BACK)
    exit_code = int(died.attributes["exitCode"]) if died is not None else None
    return Stopping(
        took if died is not None else None, exit_code, told.get("lost", 0), told.get("asked", 0), back
    )


def _stops_itself(engine: Engine, name: str) -> bool:
    """Send SIGTERM to process 1 from within; false if the engine has to, which takes the end for our wish."""
    return engine.execute(name, ["sh", "-c", "kill -TERM 1"], timeout=10.0).exit_code == 0


def _death(events: Iterator[EngineEvent], name: str) -> EngineEvent | None:
    """The container's end as the engine tells it: whoever looks may see it running anew by then."""
    return next((e for e in events if e.container == name and e.action == "die"), None)


def _in_time(dying: Future[EngineEvent | None], seconds: float) -> EngineEvent | None:
    try:
        return dying.result(seconds)
    except TimeoutError:
        return None


def _runs_again(engine: Engine, name: str, before: ObservedContainer) -> bool:
    now = engine.inspect(name)
    return now.state == "running" and now.started_at != before.started_at


def _event_type(project: Project, service: Service) -> str | None:
    """An event that the service subscribes to by name; a pattern is filled in from what others publish."""
    published = [name for other in project.services.values() for name in other.publishes]
    for subscription in service.subscribes:
        known = [name for name in published if matches(subscription.pattern, name)]
        if known:
            return known[0]
    return None


def _facts(access: Access, service: Service) -> tuple[int, int, int]:
    """Waiting, consumers, dead letters."""
    try:
        facts = access.broker().facts_of((service.name, dead_queue(service.name)))
    except MsctlError:
        access.forget_broker()
        raise
    main, dead = facts.get(service.name), facts.get(dead_queue(service.name))
    waiting, consumers = (main.messages, main.consumers) if main is not None else (0, 0)
    return waiting, consumers, dead.messages if dead is not None else 0


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_STEP)
    return True
