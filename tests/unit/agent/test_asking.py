"""Questions of the moment, asked of real servers on loopback."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from msctl.agent.asking import ask, main


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b'{"status": "pass"}' if self.path == "/readyz" else b"no"
        self.send_response(200 if self.path == "/readyz" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return None


@pytest.fixture
def port() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def question(port: int, *paths: str) -> dict[str, object]:
    return {"id": "a", "host": "127.0.0.1", "port": port, "paths": list(paths), "timeout": 20}


def test_the_first_path_that_is_there_counts(port: int) -> None:
    answer = ask(question(port, "/health", "/readyz"))
    assert (answer["path"], answer["status"], answer["body"]) == ("/readyz", 200, '{"status": "pass"}')
    assert ask(question(port, "/health"))["status"] == 404


def test_nobody_there_is_an_answer_too() -> None:
    assert "refused" in ask(question(1, "/"))["error"]


def test_all_are_asked_and_told_by_id(
    port: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    questions = [question(port, "/readyz"), {**question(1, "/"), "id": "b"}]
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(questions)))
    main()
    assert set(json.loads(capsys.readouterr().out)) == {"a", "b"}
