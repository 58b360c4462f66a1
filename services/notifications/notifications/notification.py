"""What customers are told."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from msctl.chassis import Event

_TEXTS = {
    "payment.captured": "Your order {order} is paid. Thank you!",
    "payment.declined": "Your payment was declined, so your order {order} was cancelled.",
}


@dataclass(frozen=True, slots=True)
class Notification:
    """One message to one customer."""

    order: str
    customer: str
    text: str
    sent_at: str


def compose(event: Event, now: datetime) -> Notification | None:
    """What an event is worth telling; nothing for most."""
    text = _TEXTS.get(event.type)
    if text is None:
        return None
    order = event.data["order"]
    return Notification(order, event.data["customer"], text.format(order=order), now.isoformat())


def document(notification: Notification) -> dict[str, object]:
    """The notification as it is kept and shown."""
    return asdict(notification)
