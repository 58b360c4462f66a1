"""Messages as values: what the command line shows of them, and the CloudEvents that it publishes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
TRIES_HEADER = "x-msctl-tries"
CAUSE_HEADER = "x-msctl-cause"
_OUR_HEADERS = (TRIES_HEADER, CAUSE_HEADER, "x-delivery-count", "x-first-death-reason", "x-first-death-queue",
                "x-first-death-exchange", "x-death")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Message:
    """One message; ``published`` is when, as far as its publisher said."""

    routing_key: str
    body: bytes
    headers: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)
    published: datetime | None = None

    @property
    def event(self) -> Mapping[str, Any]:
        """The CloudEvent in it; empty when it is none."""
        try:
            document = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return document if isinstance(document, dict) else {}

    @property
    def id(self) -> str:
        """The event's id, the message's, or one made of its content."""
        for found in (self.event.get("id"), self.properties.get("message_id")):
            if isinstance(found, str) and found:
                return found
        return f"sha-{hashlib.sha256(self.body).hexdigest()[:16]}"

    @property
    def type(self) -> str:
        """The event's type; where it has none, the key that it was routed by."""
        found = self.event.get("type") or self.properties.get("type")
        return found if isinstance(found, str) and found else self.routing_key


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that ``service`` gave up after ``tries``, and why."""

    service: str
    message: Message
    cause: str
    tries: int

    def to_json(self) -> dict[str, Any]:
        """What a list shows of it."""
        published = self.message.published
        return {
            "service": self.service,
            "id": self.message.id,
            "type": self.message.type,
            "cause": self.cause,
            "tries": self.tries,
            "published": published.isoformat().replace("+00:00", "Z") if published else None,
        }


def dead_letter(service: str, message: Message) -> DeadLetter:
    """A message of ``service``'s dead-letter queue, read for its cause."""
    tries = message.headers.get(TRIES_HEADER)
    cause = message.headers.get(CAUSE_HEADER)
    if not isinstance(cause, str):
        reason = message.headers.get("x-first-death-reason")
        cause = _broker_cause(reason) if isinstance(reason, str) else "not told"
    return DeadLetter(service, message, cause, tries if isinstance(tries, int) else 0)


def _broker_cause(reason: str) -> str:
    if reason == "delivery_limit":
        return "delivered too often without an answer: its consumer was killed or gave it back each time"
    return f"the broker gave it up: {reason}"


def replayed(message: Message) -> Message:
    """The same message as if it came for the first time: its ids stay, what was noted of its tries goes."""
    headers = {name: value for name, value in message.headers.items() if name not in _OUR_HEADERS}
    return Message(message.routing_key, message.body, headers, message.properties, message.published)


def cloud_event(
    event_type: str, data: object, *, source: str, event_id: str, now: datetime,
    subject: str | None = None, key: str | None = None,
) -> Message:  # fmt: skip
    """A CloudEvent 1.0 in structured JSON mode."""
    document = {
        "specversion": "1.0", "id": event_id, "source": source, "type": event_type,
        "time": now.astimezone(UTC).isoformat(), "subject": subject, "partitionkey": key,
        "datacontenttype": "application/json", "data": data,
    }  # fmt: skip
    body = json.dumps(
        {name: value for name, value in document.items() if value is not None or name == "data"}
    )
    properties = {"content_type": CONTENT_TYPE, "message_id": event_id, "type": event_type}
    return Message(event_type, body.encode(), {}, properties, now)


def wanted(message: Message, event_id: str) -> bool:
    """Whether ``event_id`` names this message, whole or by its beginning."""
    return bool(event_id) and message.id.startswith(event_id)
