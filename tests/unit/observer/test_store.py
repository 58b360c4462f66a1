"""The log store: complete, in order, bounded, and searchable."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msctl.observer.search import Question
from msctl.observer.store import LogStore
from msctl.telemetry.loglines.record import Wanted
from msctl.telemetry.loglines.transfer import Batch, Position, Stored, decode, encode, moment
from tests.unit.observer.lines import BEGIN, ORDERS, WEB, batch

ROOM = 64 * 2**20
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LogStore]:
    made = LogStore(tmp_path, ROOM)
    yield made
    made.close()


def texts(lines: Iterable[Stored]) -> list[str]:
    return [line.text for line in lines]


def test_lines_come_back_in_the_order_of_their_times(store: LogStore) -> None:
    store.add([batch(WEB, "b", "d", at=1000, step=2000), batch(ORDERS, "a", "c", "e", step=2000)])
    assert texts(store.select(Question())) == ["a", "b", "c", "d", "e"]
    assert texts(store.select(Question(), newest_first=True)) == ["e", "d", "c", "b", "a"]
    assert texts(store.newest(Question(), 2)) == ["d", "e"]


def test_lines_of_one_moment_keep_the_order_in_which_they_were_written(store: LogStore) -> None:
    lines = batch(WEB, "1", "2", "3", step=0).lines
    numbered = [replace(line, end=Position(line.time, n)) for n, line in enumerate(lines)]
    store.add([Batch(WEB, numbered)])
    assert texts(store.select(Question())) == ["1", "2", "3"]


def test_what_is_sent_again_is_stored_once(store: LogStore) -> None:
    first, second = batch(WEB, "a", "b"), batch(WEB, "a", "b", "c")
    assert [store.add([first]), store.add([first]), store.add([second])] == [2, 0, 1]
    assert texts(store.select(Question())) == ["a", "b", "c"]


def test_streams_reach_differently_far(store: LogStore) -> None:
    store.add([batch(WEB, "late", at=5000)])
    store.add([batch(WEB, "early", stream="stderr")])
    assert texts(store.select(Question())) == ["early", "late"]
    assert store.reach()[0] == {
        ("id-web", "stdout"): Position(BEGIN + 5000, 0),
        ("id-web", "stderr"): Position(BEGIN, 0),
    }


def test_all_is_there_after_a_restart(tmp_path: Path) -> None:
    store = LogStore(tmp_path, ROOM)
    store.add([batch(WEB, "a", "b")])
    reach = store.reach()
    again = LogStore(tmp_path, ROOM)  # as after a kill: nothing was closed
    assert again.reach() == reach
    assert again.add([batch(WEB, "a", "b")]) == 0
    again.add([batch(WEB, "c", at=9000)])
    assert texts(again.select(Question())) == ["a", "b", "c"]
    store.close()
    again.close()


def test_the_ends_of_what_is_gone_are_forgotten_and_its_lines_kept(store: LogStore) -> None:
    store.add([batch(WEB, "a"), batch(ORDERS, "b")])
    store.forget(["id-orders"])
    assert {i for i, _ in store.reach()[0]} == {"id-orders"}
    assert store.services() == {"web": {"shop-web-1"}, "orders": {"shop-orders-1"}}


def test_the_oldest_lines_go_when_there_is_no_room(tmp_path: Path) -> None:
    room = 8 * 2**20
    store = LogStore(tmp_path, room)
    sizes = []
    for number in range(60):
        store.add([batch(WEB, *(f"line {number} {n} {'x' * 200}" for n in range(1000)), at=number * 10**6)])
        sizes.append(store.size)
    assert max(sizes) <= room * 1.05
    assert sizes[-1] > room * 0.8
    left = [line.id for line in store.select(Question())]
    assert left == list(range(left[0], 60_001))
    assert store.add([batch(WEB, "again", at=59 * 10**6)]) == 0
    store.close()


@pytest.mark.parametrize(
    ("question", "found"),
    [
        (Question(wanted=Wanted(words="refus")), ["ERROR connection refused"]),
        (Question(wanted=Wanted(words="REFUSED conn")), ["ERROR connection refused"]),
        (Question(wanted=Wanted(words="fused")), []),
        (Question(wanted=Wanted(words="/f.sed/")), ["ERROR connection refused"]),
        (Question(wanted=Wanted(words="größe 3")), ["Größe 3 naïve"]),
        (Question(wanted=Wanted(words="10.0.0.1:80")), ["to 10.0.0.1:80"]),
        (Question(wanted=Wanted(words='"AND" OR *')), []),
        (Question(wanted=Wanted(level="warning")), ["ERROR connection refused"]),
        (Question(wanted=Wanted(trace=TRACE[:6])), [json.dumps({"msg": "traced", "trace_id": TRACE})]),
        (Question(["web"]), ["Größe 3 naïve", "to 10.0.0.1:80"]),
        (Question(["shop-orders-1"], Wanted(words="3")), []),
        (Question(["orders-1"], Wanted(words="refused")), ["ERROR connection refused"]),
        (Question(wanted=Wanted(instance=2)), []),
        (Question(["nobody"]), []),
        (Question(wanted=Wanted(since=moment(BEGIN + 5000))), ["Größe 3 naïve", "to 10.0.0.1:80"]),
        (Question(wanted=Wanted(until=moment(BEGIN) - timedelta(seconds=1))), []),
        (Question(before=2), ["ERROR connection refused"]),
    ],
)
def test_searching(store: LogStore, question: Question, found: list[str]) -> None:
    store.add([batch(ORDERS, "ERROR connection refused", json.dumps({"msg": "traced", "trace_id": TRACE}))])
    store.add([batch(WEB, "Größe 3 naïve", "to 10.0.0.1:80", at=5000)])
    assert texts(store.select(question)) == found
    assert texts(store.newest(question, 10)) == found
    assert texts(store.later(question, 10)) == found


def test_what_came_later_is_found_by_id(store: LogStore) -> None:
    store.add([batch(WEB, "a", "b", at=9000)])
    seen = store.last_id
    store.add([batch(ORDERS, "c", "d")])
    assert texts(store.later(Question(after=seen), 1)) == ["c"]
    assert texts(store.later(Question(after=seen), 9)) == ["c", "d"]


def test_a_failed_write_leaves_nothing_behind(store: LogStore) -> None:
    bad = batch(WEB, "a")
    broken = Batch(WEB, [*bad.lines, replace(bad.lines[0], time="x" * 10, end=Position(BEGIN + 1, 0))])  # type: ignore[arg-type]
    store._segment.connection.execute("CREATE TRIGGER t BEFORE INSERT ON line WHEN typeof(new.time) = 'text'"
                                      " BEGIN SELECT RAISE(ABORT, 'no'); END")  # fmt: skip
    with pytest.raises(Exception, match="no"):
        store.add([broken])
    assert (store.last_id, store.reach()[0]) == (0, {})
    assert store.add([bad]) == 1


_TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(_TEXT, min_size=1, max_size=5), max_size=8))
def test_whatever_is_stored_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[str]]
) -> None:
    store = LogStore(tmp_path_factory.mktemp("store"), ROOM)
    for number, part in enumerate(parts):
        store.add(decode(json.loads(json.dumps(encode([batch(WEB, *part, at=number * 10**6)])))))
    assert texts(store.select(Question())) == [text for part in parts for text in part]
    store.close()
