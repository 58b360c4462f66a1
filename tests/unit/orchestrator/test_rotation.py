"""Who is let go when, and when a new version is no good."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Event, Thread
from typing import Any

import pytest

from msctl.errors import UpdateRejected
from msctl.orchestrator.admin import AdminAt
from msctl.orchestrator.rotation import Record, Rotation, verdict


class Gateway:
    """An admin endpoint; ``views`` are shown one after the other, the last one for ever."""

    def __init__(self) -> None:
        self.views: list[dict[str, Any]] = []
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                view = gateway.views.pop(0) if len(gateway.views) > 1 else gateway.views[0]
                body = json.dumps([{"service": "orders", **view}]).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return None

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.access = AdminAt(f"http://127.0.0.1:{self.server.server_port}")


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    made = Gateway()
    thread = Thread(target=made.server.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


class Clock:
    """Goes on by a twentieth of a second with each look."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 0.05
        return self.now


def seen(name: str, calls: int = 0, failed: int = 0, in_a_row: int = 0) -> dict[str, Any]:
    return {"name": name, "calls": calls, "failed_calls": failed, "failures_in_a_row": in_a_row}


def test_one_is_let_go_when_its_calls_have_ended(gateway: Gateway) -> None:
    gateway.views = [
        {"instances": [{"name": "a"}]},
        {"instances": [], "leaving": [{"name": "a", "in_flight": 2}]},
        {"instances": [], "leaving": []},
    ]
    assert Rotation(gateway.access, Event(), Clock()).let_go("orders", "a", 10.0) == "out of rotation"
    assert len(gateway.views) == 1


def test_who_is_back_is_seen_before_the_next_one_goes(gateway: Gateway) -> None:
    gateway.views = [{"instances": [{"name": "b"}]}, {"instances": [{"name": "a"}, {"name": "b"}]}]
    Rotation(gateway.access, Event(), Clock()).await_seen("orders", ["a"])
    assert len(gateway.views) == 1
    Rotation(gateway.access, Event(), Clock()).await_seen("orders", ["never"])


def test_calls_that_do_not_end_are_waited_for_no_longer_than_the_grace(gateway: Gateway) -> None:
    gateway.views = [{"instances": [], "leaving": [{"name": "a", "in_flight": 2}]}]
    found = Rotation(gateway.access, Event(), Clock()).let_go("orders", "a", 1.0)
    assert found == "out of rotation, 2 calls not ended"


def test_without_a_gateway_there_is_nothing_to_wait_for() -> None:
    nobody = Rotation(AdminAt("http://127.0.0.1:9"), Event(), Clock())
    assert nobody.let_go("orders", "a", 1.0) == "out of rotation"
    assert nobody.judge("orders", "a") == "nobody to ask"


def test_a_version_that_answers_is_good(gateway: Gateway) -> None:
    gateway.views = [
        {"instances": [seen("new"), seen("old", 100)]},
        {"instances": [seen("new", 40), seen("old", 140, 1)]},
    ]
    assert Rotation(gateway.access, Event(), Clock()).judge("orders", "new") == "40 of 40 calls well"


def test_a_version_that_fails_is_rejected_in_words(gateway: Gateway) -> None:
    gateway.views = [
        {"instances": [seen("new"), seen("old", 100, 5)]},
        {"instances": [seen("new", 3, 3, in_a_row=3), seen("old", 104, 5)]},
    ]
    with pytest.raises(UpdateRejected, match="failed 3 of 3 calls, the old one 0 of 4"):
        Rotation(gateway.access, Event(), Clock()).judge("orders", "new")


@pytest.mark.parametrize(
    ("first", "others", "in_a_row", "bad"),
    [
        (Record(10, 3), Record(50, 0), 0, True),
        (Record(9, 9), Record(50, 0), 2, False),
        (Record(3, 3), Record(50, 0), 3, True),
        (Record(3, 3), Record(3, 3), 3, False),
        (Record(100, 10), Record(100, 8), 1, False),
        (Record(), Record(), 0, False),
    ],
)
def test_what_is_worse_than_the_old_is_bad(first: Record, others: Record, in_a_row: int, bad: bool) -> None:
    assert (verdict(first, others, in_a_row) is not None) == bad
