"""Requests as values."""

from __future__ import annotations

import pytest

from msctl.chassis.exchange import Request
from msctl.chassis.problems import Problem


def test_a_number_is_read_cut_and_defaulted() -> None:
    assert Request("GET", "/", query={"limit": "20"}).query_number("limit", 50, 500) == 20
    assert Request("GET", "/", query={"limit": "99999999999"}).query_number("limit", 50, 500) == 500
    assert Request("GET", "/").query_number("limit", 50, 500) == 50


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "x", "²", "١"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(Problem, match="limit") as refused:
        Request("GET", "/", query={"limit": text}).query_number("limit", 50, 500)
    assert refused.value.status == 400


@pytest.mark.parametrize("query", [{}, {"order": ""}, {"order": "a\0b"}, {"order": "x" * 201}])
def test_a_text_must_be_there_and_printable(query: dict[str, str]) -> None:
    with pytest.raises(Problem) as refused:
        Request("GET", "/", query=query).query_text("order")
    assert refused.value.status == 400
