"""Questions to a service, and to one that is not there: every failure is an answer."""

from __future__ import annotations

import io
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from msctl.agent import examining
from msctl.agent.examining import ENDLESS, ROOM, cut_after, examine, fitting
from tests.unit.agent.rude import rude

HOST = "127.0.0.1"


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was asked; the library chose the names."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        told = {
            "path": self.path,
            "body": self.rfile.read(length).decode(),
            "trace": self.headers.get("traceparent"),
        }
        answer = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_GET  # noqa: N815 - the library names it so

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    server = ThreadingHTTPServer((HOST, 0), Echo)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def asked(port: int, **question: Any) -> list[dict[str, Any]]:
    return examine(HOST, port, 5.0, {"id": "q", "target": "/", **question})


def test_a_target_is_sent_as_it_is_written(port: int) -> None:
    [answer] = asked(port, target="/../x?%00=%ff", method="POST", body="{", headers={"traceparent": "t"})
    assert answer["status"] == 200
    assert json.loads(answer["body"]) == {"path": "/../x?%00=%ff", "body": "{", "trace": "t"}


@pytest.mark.parametrize(
    ("question", "number"), [({"times": 20}, 20), ({"times_in_row": 3}, 3), ({"beside_slow": True}, 1)]
)
def test_each_time_is_an_answer(port: int, question: dict[str, Any], number: int) -> None:
    assert [answer["status"] for answer in asked(port, **question)] == [200] * number


@pytest.mark.parametrize("question", [{}, {"times": 3}, {"times_in_row": 3}, {"beside_slow": True}])
def test_nobody_at_home_is_an_answer(question: dict[str, Any]) -> None:
    with socket.create_server((HOST, 0)) as taken:
        free = taken.getsockname()[1]
    assert all("error" in answer for answer in asked(free, **question))


def test_a_body_without_end_is_an_answer() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"
    with rude(head, repeated=b"x" * 65536) as port:
        [answer] = asked(port)
    assert f"more than {ENDLESS // 1024**2} MiB" in answer["error"]


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_an_answer_that_drips_is_cut(head: bytes) -> None:
    with rude(head, repeated=b"x", pause=0.05) as port:
        [answer] = examine(HOST, port, 0.3, {"id": "q", "target": "/"})
    assert answer["error"] == "no end of its answer within 0.3 s"


def test_a_reset_after_the_cut_is_the_cut() -> None:
    """The kernel resets what the other side goes on to write to."""

    def read_until_reset() -> None:
        near.recv(1)  # returns when it is cut
        raise ConnectionResetError

    near, far = socket.socketpair()
    with near, far, pytest.raises(TimeoutError, match="no end of its answer"), cut_after(near, 0.05):
        read_until_reset()


def test_a_reset_before_the_cut_is_a_reset() -> None:
    near, far = socket.socketpair()
    with near, far, pytest.raises(ConnectionResetError), cut_after(near, 60.0):
        raise ConnectionResetError


def test_a_body_that_is_cut_short_is_an_error() -> None:
    with rude(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf") as port:
        assert "IncompleteRead" in asked(port)[0]["error"]


@pytest.mark.parametrize("answer", [b"", b"\x1b[2Jgarbage\r\n\r\n", b"HTTP/1.1 9999999 \x1b[31m\r\n\r\n"])
def test_what_is_no_http_is_an_answer(answer: bytes) -> None:
    with rude(answer) as port:
        [found] = asked(port)
    assert "error" in found


def test_what_comes_after_the_time_is_over_is_not_asked(
    port: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    order = {"host": HOST, "port": port, "timeout": 5, "questions": [{"id": "q", "target": "/"}]}
    for seconds, asked_for in ((60.0, True), (0.0, False)):
        monkeypatch.setattr(examining, "TIME", seconds)
        monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(order)))
        examining.main()
        [answer] = json.loads(capsys.readouterr().out)["q"]
        assert ("status" in answer) == asked_for


def test_the_answers_fit_whatever_a_service_says() -> None:
    loud = {"status": 200, "headers": {f"h{n}": "\0" * 500 for n in range(20)}, "body": "\0" * 9000}
    quiet = {"error": "refused", "seconds": 0.0}
    told = fitting({"one": [dict(loud) for _ in range(50)], "other": [quiet]})
    assert len(told) <= ROOM
    found = json.loads(told)
    assert (len(found["one"]), found["other"]) == (50, [quiet])
    small = {"one": [{"status": 200, "headers": {"a": "b"}, "body": "c"}]}
    assert json.loads(fitting(small)) == small
