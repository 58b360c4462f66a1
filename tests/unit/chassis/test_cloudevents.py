"""CloudEvents: rendering, parsing, choosing."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msctl.chassis.cloudevents import Event, EventInvalid, matches, parse, render

EVENT = Event(
    id="7", source="/shop/orders", type="order.placed", data={"sku": "WIDGET"},
    time=datetime(2026, 1, 2, tzinfo=UTC), subject="o-1", traceparent=f"00-{'a' * 32}-{'b' * 16}-01",
)  # fmt: skip


def test_what_is_rendered_is_parsed_back() -> None:
    assert parse(render(EVENT)) == EVENT


def test_rendered_event_has_the_required_attributes_and_no_empty_ones() -> None:
    body = json.loads(render(Event("1", "/s", "t", None)))
    assert body == {
        "specversion": "1.0", "id": "1", "source": "/s", "type": "t", "datacontenttype": "application/json",
    }  # fmt: skip


def test_an_event_of_another_language_needs_only_what_the_standard_requires() -> None:
    body = b'{"specversion":"1.0","id":"9","source":"urn:x","type":"a.b","myextension":true,"data":[1]}'
    assert parse(body) == Event("9", "urn:x", "a.b", [1])


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[1]", "not a JSON object"),
        (b'{"specversion":"1.0","source":"s","type":"t"}', "'id'"),
        (b'{"specversion":"1.0","id":"","source":"s","type":"t"}', "'id'"),
        (b'{"specversion":"1.0","id":1,"source":"s","type":"t"}', "'id'"),
        (b'{"specversion":"0.3","id":"1","source":"s","type":"t"}', "specversion"),
        (b'{"specversion":"1.0","id":"1","source":"s","type":"t","time":"noon"}', "time"),
    ],
)
def test_what_is_no_event_is_refused_with_its_reason(body: bytes, reason: str) -> None:
    with pytest.raises(EventInvalid, match=reason):
        parse(body)


def test_source_and_id_together_are_the_key() -> None:
    assert Event("1", "/a", "t", None).identity != Event("1", "/b", "t", None).identity


@pytest.mark.parametrize(
    ("pattern", "event_type", "expected"),
    [
        ("order.placed", "order.placed", True),
        ("order.placed", "order.placed.again", False),
        ("payment.*", "payment.captured", True),
        ("payment.*", "payment", False),
        ("payment.*", "payment.captured.late", False),
        ("payment.#", "payment", True),
        ("payment.#", "payment.captured.late", True),
        ("#", "anything.at.all", True),
        ("*.placed", "order.placed", True),
        ("#.placed", "shop.order.placed", True),
        ("#.placed.#", "order.placed.x", True),
        ("order.*.x", "order.x", False),
    ],
)
def test_patterns_choose_as_the_broker_does(pattern: str, event_type: str, expected: bool) -> None:
    assert matches(pattern, event_type) is expected


@given(st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=6))
def test_a_type_matches_itself_and_the_all_pattern(words: list[str]) -> None:
    event_type = ".".join(words)
    assert matches(event_type, event_type)
    assert matches("#", event_type)
    assert matches(".".join("*" * len(words)), event_type)
