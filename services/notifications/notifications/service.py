"""The service: what it answers, and which events it follows."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from msctl.chassis import Event, RedisTransaction, Request, Service
from notifications.notification import compose, document

service = Service("notifications")
_log = logging.getLogger(__name__)


def _key(order: str) -> str:
    return f"notifications:{order}"


@service.get("/notifications", scope="notifications:read")
async def notifications_of_order(request: Request) -> object:
    """What was sent about the order ``order``."""
    key = _key(request.query_text("order"))
    async with service.redis() as redis:
        return [json.loads(text) for text in await redis.lrange(key, 0, -1)]


@service.subscribe("payment.*")
async def decided(event: Event, transaction: RedisTransaction) -> None:
    """Tell the customer; sending is a log line in this example."""
    notification = compose(event, datetime.now(UTC))
    if notification is not None:
        _log.info("sent", extra={"order": notification.order, "text": notification.text})
        transaction.commands.rpush(_key(notification.order), json.dumps(document(notification)))
