"""Questions to a service, and to one that is not there: every failure is an answer."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from msctl.agent.examining import examine

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
