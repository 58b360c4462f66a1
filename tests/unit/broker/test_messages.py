"""What is read out of a message, whoever wrote it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from msctl.broker.messages import Message, cloud_event, dead_letter, replayed, wanted

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)


def test_a_cloud_event_has_what_version_1_asks_for() -> None:
    made = cloud_event(
        "order.placed", None, source="/shop/msctl", event_id="1", now=NOW, subject="o", key="k"
    )
    assert json.loads(made.body) == {
        "specversion": "1.0", "id": "1", "source": "/shop/msctl", "type": "order.placed",
        "time": "2026-01-02T12:00:00+00:00", "subject": "o", "partitionkey": "k",
        "datacontenttype": "application/json", "data": None,
    }  # fmt: skip
    assert (made.id, made.type, made.routing_key) == ("1", "order.placed", "order.placed")
    assert made.properties["content_type"].startswith("application/cloudevents+json")


@pytest.mark.parametrize("body", [b"\xff\x00junk", b"[]", b'{"id": 7}', b"[" * 100_000])
def test_what_is_no_event_has_an_id_all_the_same(body: bytes) -> None:
    made = Message("order.placed", body)
    assert made.id.startswith("sha-")
    assert made.id == Message("other", body).id
    assert made.type == "order.placed"
    assert Message("x", body, properties={"message_id": "m-1"}).id == "m-1"


def test_the_cause_is_the_consumers_or_the_brokers() -> None:
    ours = Message("x", b"", {"x-msctl-tries": 4, "x-msctl-cause": "ValueError: no"})
    assert (dead_letter("a", ours).cause, dead_letter("a", ours).tries) == ("ValueError: no", 4)
    limit = dead_letter("a", Message("x", b"", {"x-first-death-reason": "delivery_limit"}))
    assert "delivered too often" in limit.cause
    assert dead_letter("a", Message("x", b"", {"x-first-death-reason": "rejected"})).cause.endswith(
        "rejected"
    )
    assert dead_letter("a", Message("x", b"", {"x-msctl-tries": "4"})).to_json() == {
        "service": "a", "id": Message("x", b"").id, "type": "x", "cause": "not told", "tries": 0,
        "published": None,
    }  # fmt: skip


def test_a_replay_forgets_the_tries_and_nothing_else() -> None:
    headers = {"x-msctl-tries": 4, "x-msctl-cause": "x", "x-delivery-count": 2, "x-death": [], "mine": 1}
    made = Message("x", b"b", headers, {"message_id": "1"}, NOW)
    assert replayed(made) == Message("x", b"b", {"mine": 1}, {"message_id": "1"}, NOW)


def test_an_id_is_found_by_its_beginning() -> None:
    made = Message("x", b"", properties={"message_id": "abc-1"})
    assert wanted(made, "abc")
    assert not wanted(made, "bc")
    assert not wanted(made, "")
