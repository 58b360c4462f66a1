"""Consul's list of checks as a test wants it, on a port of its own."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit


class ConsulDouble(ThreadingHTTPServer):
    """``checks`` by service id; changing them wakes blocking queries."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.index = 1
        self.checks: dict[str, tuple[str, str]] = {}

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    def put(self, identity: str, status: str, output: str = "") -> None:
        """Set one check."""
        self.checks[identity] = (status, output)
        self.index += 1


class _Handler(BaseHTTPRequestHandler):
    server: ConsulDouble

    def do_GET(self) -> None:
        asked = int(parse_qs(urlsplit(self.path).query).get("index", ["0"])[0])
        deadline = time.monotonic() + 20
        while self.server.index <= asked and time.monotonic() < deadline:
            time.sleep(0.02)
        index, checks = self.server.index, dict(self.server.checks)
        found = [{"ServiceID": i, "Status": s, "Output": o} for i, (s, o) in checks.items()]
        body = json.dumps(found).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Consul-Index", str(index))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return None


@contextmanager
def consul_double() -> Iterator[ConsulDouble]:
    """It serves during the block."""
    server = ConsulDouble()
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
