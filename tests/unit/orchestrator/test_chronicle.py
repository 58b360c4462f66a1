"""The history as the command line has it: the observer's and the journal's, or what still runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from msctl.engine.memory import MemoryEngine
from msctl.errors import MsctlError
from msctl.model.chronicle import Entry
from msctl.orchestrator.access import Access
from msctl.orchestrator.chronicle import chronicle, hand_over
from msctl.orchestrator.journal import recorded
from msctl.orchestrator.observer import Observer
from msctl.orchestrator.observer_files import FILE
from msctl.orchestrator.workspace import Workspace

TURNED = Entry("2026-01-02T12:00:00.000Z", "gateway → web", "open", kind="circuit")


class Listening:
    """Stands in for the observer: keeps what it is told, and gives it back with one entry of its own."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.status = 200
        self.observer = Observer("", "token")

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        if request.command == "POST":
            self.told = json.loads(request.rfile.read(int(request.headers["Content-Length"])))
        own = {"time": TURNED.time, "command": TURNED.command, "result": "open", "kind": "circuit"}
        body = json.dumps([own, {"not": "an entry"}, *self.told]).encode()
        request.send_response(self.status)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)


@contextmanager
def listening() -> Iterator[Listening]:
    made = Listening()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.answer(self)

        do_POST = do_GET  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            """Be quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        serving.start()
        made.observer = Observer(f"http://127.0.0.1:{server.server_port}", "token")
        yield made
        server.shutdown()
        serving.join()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace.of(tmp_path)
    made.write(FILE, {"token": "token"})
    with recorded(made, "up") as record:
        record.changed = ("create shop-web-1",)
    return made


def test_what_was_done_is_handed_over_and_known_once(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening() as there:
        monkeypatch.setattr(Access, "observer", lambda _: there.observer.url)
        hand_over(Access(MemoryEngine(), "shop"), workspace)
        assert [told["command"] for told in there.told] == ["up"]
        found = chronicle(MemoryEngine(), workspace, "shop", there.observer)
        assert [entry.command for entry in found] == [TURNED.command, "up"]
        (alone,) = chronicle(MemoryEngine(), workspace, "shop", there.observer, "circuit")
        assert alone == TURNED


def test_an_observer_that_refuses_is_done_without(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening() as there:
        there.status = 404
        monkeypatch.setattr(Access, "observer", lambda _: there.observer.url)
        with pytest.raises(MsctlError, match="the observer refused"):
            hand_over(Access(MemoryEngine(), "shop"), workspace)
        found = chronicle(MemoryEngine(), workspace, "shop", there.observer)
        assert [entry.command for entry in found] == ["up"]
