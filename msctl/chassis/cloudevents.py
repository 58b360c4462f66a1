"""CloudEvents 1.0 in structured JSON mode, and the topic patterns that choose among them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from msctl.errors import MsctlError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
_REQUIRED = ("id", "source", "specversion", "type")


class EventInvalid(MsctlError):
    """A message is not a CloudEvent of version 1.0."""

    code = "event-invalid"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at ``source``; the pair of ``source`` and ``id`` names it for ever."""

    id: str
    source: str
    type: str
    data: Any
    time: datetime | None = None
    subject: str | None = None
    traceparent: str | None = None
    partition_key: str | None = None

    @property
    def identity(self) -> str:
        """What two deliveries of one event have in common."""
        return f"{self.source} {self.id}"

    @property
    def order_key(self) -> str | None:
        """Events that have this in common are handled in their order, where order is asked for."""
        return self.partition_key or self.subject


class EventFactory(Protocol):
    """Makes the event that a service publishes now."""

    def __call__(self, event_type: str, data: object, subject: str | None, key: str | None) -> Event:
        """A new event of ``event_type``, with an id of its own; ``key`` is its partition key."""


def render(event: Event) -> bytes:
    """The structured-mode JSON of ``event``."""
    document: dict[str, Any] = {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "time": event.time.astimezone(UTC).isoformat() if event.time else None,
        "subject": event.subject,
        "traceparent": event.traceparent,
        "partitionkey": event.partition_key,
        "datacontenttype": "application/json",
        "data": event.data,
    }
    present = {name: value for name, value in document.items() if value is not None}
    return json.dumps(present, separators=(",", ":")).encode()


def parse(body: bytes) -> Event:
    """The event that ``body`` is; raises EventInvalid saying what it lacks."""
    try:
        document = json.loads(body)
    except ValueError as error:
        raise EventInvalid(f"not JSON: {error}") from error
    if not isinstance(document, dict):
        raise EventInvalid("not a JSON object")
    for name in _REQUIRED:
        if not isinstance(document.get(name), str) or not document[name]:
            raise EventInvalid(f"'{name}' is missing or not a string")
    if document["specversion"] != "1.0":
        raise EventInvalid(f"specversion is {document['specversion']!r}, not '1.0'")
    return Event(
        id=document["id"],
        source=document["source"],
        type=document["type"],
        data=document.get("data"),
        time=_time(document),
        subject=_text(document, "subject"),
        traceparent=_text(document, "traceparent"),
        partition_key=_text(document, "partitionkey"),
    )


def _text(document: Mapping[str, Any], name: str) -> str | None:
    value = document.get(name)
    return value if isinstance(value, str) else None


def _time(document: Mapping[str, Any]) -> datetime | None:
    text = _text(document, "time")
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise EventInvalid(f"time is {text!r}, not a date of RFC 3339") from error


def matches(pattern: str, event_type: str) -> bool:
    """Whether a topic pattern (``*`` one word, ``#`` any number of words) takes ``event_type``."""
    return _words_match(pattern.split("."), event_type.split("."))


def _words_match(pattern: Sequence[str], words: Sequence[str]) -> bool:
    if not pattern:
        return not words
    head, rest = pattern[0], pattern[1:]
    if head == "#":
        return any(_words_match(rest, words[skipped:]) for skipped in range(len(words) + 1))
    return bool(words) and head in ("*", words[0]) and _words_match(rest, words[1:])
