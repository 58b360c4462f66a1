"""W3C trace context."""

from __future__ import annotations

import random

import pytest

from msctl.telemetry.trace import begin, proceed, read_state

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
BITS = random.Random(1).getrandbits


def test_valid_parent_keeps_the_trace_with_a_new_span() -> None:
    context = proceed([f"00-{TRACE}-{PARENT}-01"], ["b=2,a=1"], BITS)
    assert context.trace_id == TRACE
    assert context.span_id != PARENT
    assert context.state == "b=2,a=1"
    assert context.traceparent == f"00-{TRACE}-{context.span_id}-01"


@pytest.mark.parametrize(
    "parent",
    [
        "",
        "00",
        f"00-{TRACE}-{PARENT}",
        f"00-{TRACE}-{PARENT}-1",
        f"00-{TRACE}-{PARENT}-01-more",
        f"00-{TRACE}-{PARENT}-01 ",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"01-{TRACE}-{PARENT}-01more",
        f"00-{TRACE}-{PARENT}-01\n",
    ],
)
def test_invalid_parent_begins_a_new_trace_without_state(parent: str) -> None:
    context = proceed([parent], ["a=1"], BITS)
    assert context.trace_id != TRACE
    assert context.state is None


def test_two_parents_begin_a_new_trace() -> None:
    parent = f"00-{TRACE}-{PARENT}-01"
    assert proceed([parent, parent], [], BITS).trace_id != TRACE
    assert proceed([], [], BITS).flags == "01"


def test_later_versions_are_read_as_ours() -> None:
    context = proceed([f"cc-{TRACE}-{PARENT}-ff-what-comes"], [], BITS)
    assert context.traceparent.startswith(f"00-{TRACE}-")
    assert context.flags == "01"


def test_ids_are_never_all_zero() -> None:
    context = begin(lambda _: 0)
    assert int(context.trace_id, 16) == int(context.span_id, 16) == 1
    assert (len(context.trace_id), len(context.span_id)) == (32, 16)


@pytest.mark.parametrize(
    ("values", "state"),
    [
        (["a=1", " b=2 ,\tc=3"], "a=1,b=2,c=3"),
        (["a=1,,b=2"], "a=1,b=2"),
        ([",".join(f"k{n}=v" for n in range(32))], ",".join(f"k{n}=v" for n in range(32))),
        ([",".join(f"k{n}=v" for n in range(33))], None),
        (["a=1,a=2"], None),
        (["A=1"], None),
        (["a"], None),
        (["tenant@vendor=x"], "tenant@vendor=x"),
        ([""], None),
        ([], None),
    ],
)
def test_state(values: list[str], state: str | None) -> None:
    assert read_state(values) == state
