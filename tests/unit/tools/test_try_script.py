"""The commands that tools/try.sh prints are pasted into a shell, with curl and without."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

_SCRIPT = Path(__file__).parents[3] / "tools" / "try.sh"
_NEEDED = ("sh", "cat", "dirname")


class _Gateway(ThreadingHTTPServer):
    """Remembers what it is asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str, str | None, bytes]] = []
        self.tokens: set[str | None] = set()


class _Handler(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        assert isinstance(self.server, _Gateway)
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.server.tokens.add(self.headers.get("Authorization"))
        self.server.asked.append((self.command, self.path, self.headers.get("Content-Type"), body))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"answered")

    do_GET = _answer  # noqa: N815
    do_POST = _answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def gateway() -> Iterator[_Gateway]:
    with _Gateway() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize("commands", [_NEEDED, (*_NEEDED, "curl")], ids=["without curl", "with curl"])
def test_the_commands_work_when_pasted(tmp_path: Path, gateway: _Gateway, commands: tuple[str, ...]) -> None:
    if not all(shutil.which(command) for command in commands):
        pytest.skip("this machine has no curl")
    checkout = _checkout(tmp_path, f"http://127.0.0.1:{gateway.server_port}", commands)
    printed = _shell(checkout, "tools/try.sh").splitlines()
    order, listing, watch = (line.strip() for line in printed if line.startswith("  "))
    assert "answered" in _shell(checkout, "-c", order)
    assert "answered" in _shell(checkout, "-c", listing)
    assert watch == ".venv/bin/msctl status --watch"
    (method, path, kind, body), listed = gateway.asked
    assert (method, path, kind) == ("POST", "/api/orders", "application/json")
    assert json.loads(body) == {"sku": "WIDGET", "quantity": 1, "customer": "ann"}
    assert listed[:2] == ("GET", "/api/orders?limit=5")
    assert gateway.tokens == {"Bearer the-token"}


def _checkout(folder: Path, url: str, commands: tuple[str, ...]) -> Path:
    for name in ("tools", ".venv/bin", "bin"):
        (folder / name).mkdir(parents=True)
    shutil.copy(_SCRIPT, folder / "tools")
    for command in commands:
        (folder / "bin" / command).symlink_to(str(shutil.which(command)))
    status = json.dumps({"gateway": {"url": url}})
    for name, body in (
        ("msctl", f"[ $1 = token ] && echo the-token || echo '{status}'"),
        ("python", f'exec "{sys.executable}" "$@"'),
    ):
        (folder / ".venv/bin" / name).write_text(f"#!{folder}/bin/sh\n{body}\n")
        (folder / ".venv/bin" / name).chmod(0o755)
    return folder


def _shell(checkout: Path, *arguments: str) -> str:
    return subprocess.run(
        [str(checkout / "bin/sh"), *arguments],
        cwd=checkout,
        env={"PATH": str(checkout / "bin")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
