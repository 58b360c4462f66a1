"""What customers are told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from notifications.notification import compose, document

from msctl.chassis import Event

NOW = datetime(2026, 1, 2, tzinfo=UTC)
DATA = {"order": "o-1", "customer": "ann", "amount": 2500}


@pytest.mark.parametrize(
    ("event_type", "word"), [("payment.captured", "paid"), ("payment.declined", "declined")]
)
def test_the_outcome_of_a_payment_is_told(event_type: str, word: str) -> None:
    notification = compose(Event("1", "/shop/payments", event_type, DATA), NOW)
    assert notification is not None
    assert word in notification.text
    assert document(notification) == {
        "order": "o-1", "customer": "ann", "text": notification.text, "sent_at": "2026-01-02T00:00:00+00:00",
    }  # fmt: skip


def test_nothing_is_told_of_other_events() -> None:
    assert compose(Event("1", "/shop/payments", "payment.refunded", DATA), NOW) is None
