"""Reading what the broker's own container tells of its queues."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest

from msctl.broker.facts import QueueState, question, states
from msctl.errors import BrokerError

ITEMS = [
    {"name": "b", "ready": 2, "in_hand": None, "consumers": 1, "oldest": 1767355200},
    {"name": "a", "ready": 0, "in_hand": 0, "consumers": 0, "oldest": None},
]


def test_queues_are_read_by_name_from_whatever_lines_the_answer_was_broken_into() -> None:
    text = base64.b64encode(json.dumps(ITEMS).encode()).decode()
    output = f'<<"{text[:20]}"\n  "{text[20:]}">>\n'
    assert states(output) == (
        QueueState("a", 0, 0, 0, None),
        QueueState("b", 2, None, 1, datetime(2026, 1, 2, 12, tzinfo=UTC)),
    )


@pytest.mark.parametrize("output", ["", "node is down", '<<"bm9wZQ==">>', '<<"e30">>', '<<"W3t9XQ==">>'])
def test_another_answer_is_an_error(output: str) -> None:
    with pytest.raises(BrokerError, match="does not tell"):
        states(output)


def test_the_question_names_the_virtual_host() -> None:
    assert '<<"shop">>' in question("shop")[-1]
    assert "{{" not in question("shop")[-1]
