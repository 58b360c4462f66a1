"""pika's messages and properties, and ours."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from msctl.broker.messages import Message

_KEPT = ("content_type", "content_encoding", "correlation_id", "message_id", "type", "app_id")
PERSISTENT = 2


def message_of(routing_key: str, properties: Any, body: bytes) -> Message:
    """What pika delivered."""
    kept = {name: value for name in _KEPT if (value := getattr(properties, name, None)) is not None}
    return Message(routing_key, body, dict(properties.headers or {}), kept, _moment(properties.timestamp))


def properties_of(message: Message) -> dict[str, Any]:
    """Arguments of pika's properties, for a copy that survives a restart of the broker."""
    stamp = {"timestamp": int(message.published.timestamp())} if message.published else {}
    return {**message.properties, **stamp, "headers": dict(message.headers), "delivery_mode": PERSISTENT}


def _moment(timestamp: Any) -> datetime | None:
    if isinstance(timestamp, datetime):
        return timestamp.astimezone(UTC)
    try:
        return datetime.fromtimestamp(int(timestamp), UTC) if timestamp else None
    except (ValueError, OverflowError, OSError):
        return None
