"""Events of containers as the engine reports them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from msctl import labels
from msctl.engine.docker.stream import open_feed
from msctl.engine.port import EngineEvent

if TYPE_CHECKING:
    from msctl.engine.docker.client import EngineClient
    from msctl.engine.docker.stream import Feed
    from msctl.engine.port import StopSignal

_ACTIONS = (
    "create",
    "start",
    "restart",
    "die",
    "oom",
    "kill",
    "stop",
    "pause",
    "unpause",
    "rename",
    "destroy",
)
"""Life and death only: each ``exec``, which health checks use all the time, would be three more events."""

_CHECK_ABANDONED = 1.0


def project_events(client: EngineClient, project: str, stop: StopSignal) -> Iterator[EngineEvent]:
    """Events from this call on; the subscription stands when it returns."""
    wanted = {
        "type": ["container"],
        "event": list(_ACTIONS),
        "label": [f"{labels.PROJECT}={project}"],
    }
    return _events(open_feed(client, "/events", filters=wanted), stop)


def _events(feed: Feed, stop: StopSignal) -> Iterator[EngineEvent]:
    ended = threading.Event()
    threading.Thread(target=_cut_when_stopped, args=(feed, stop, ended), daemon=True).start()
    pending = b""
    try:
        for data in feed:
            *whole, pending = (pending + data).split(b"\n")
            for text in whole:
                if text.strip():
                    yield event(json.loads(text))
    finally:
        ended.set()
        feed.close()


def _cut_when_stopped(feed: Feed, stop: StopSignal, ended: threading.Event) -> None:
    while not ended.is_set():
        if stop.wait(_CHECK_ABANDONED):
            feed.close()
            return


def event(found: Mapping[str, Any]) -> EngineEvent:
    """One of the engine's messages as a value."""
    attributes = found["Actor"]["Attributes"]
    time = datetime.fromtimestamp(found["timeNano"] / 1e9, UTC)
    return EngineEvent(attributes.get("name", ""), found["Action"], time, attributes)
