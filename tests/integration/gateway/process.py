"""The gateway as a process on loopback, and a client that speaks raw bytes to it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.free_port import free_port
from tests.integration.waiting import BUSY_MACHINE

ROOT = Path(__file__).parents[3]
PATIENCE = 20.0


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    """Poll until ``condition`` gives something true."""
    until = time.monotonic() + BUSY_MACHINE
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.01)
    raise AssertionError(f"never came true: {what}")


@dataclass(frozen=True)
class Answer:
    """A parsed answer; ``whole`` tells whether its framing was completed."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    whole: bool = True

    def header(self, name: str) -> str | None:
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return None

    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """A raw connection to the gateway."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.buffer = b""

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def get(self, target: str, headers: str = "", method: str = "GET") -> Answer:
        self.send(f"{method} {target} HTTP/1.1\r\nHost: gateway\r\n{headers}\r\n".encode("latin-1"))
        return self.answer(method)

    def answer(self, method: str = "GET") -> Answer:
        """Read one answer, interim ones are skipped."""
        while True:
            head = self.until(b"\r\n\r\n")
            first, *lines = head[:-4].decode("latin-1").split("\r\n")
            status = int(first.split(" ")[1])
            if status >= 200 or status == 101:
                break
        headers = tuple((line.partition(": ")[0], line.partition(": ")[2]) for line in lines)
        found = Answer(status, headers, b"")
        if method == "HEAD" or status in (101, 204, 304):
            return found
        body, whole = self._body(found)
        return Answer(status, headers, body, whole)

    def _body(self, answer: Answer) -> tuple[bytes, bool]:
        if (length := answer.header("Content-Length")) is not None:
            body = self.exactly(int(length))
            return body, len(body) == int(length)
        if answer.header("Transfer-Encoding") != "chunked":
            return self.rest(), True
        body = b""
        while True:
            line = self.line()
            if line is None:
                return body, False
            size = int(line, 16)
            if size == 0:
                while (line := self.line()) != b"":
                    if line is None:
                        return body, False
                return body, True
            piece = self.exactly(size)
            body += piece
            if len(piece) < size or self.line() is None:
                return body, False

    def until(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            assert self._more(), f"the gateway closed after {self.buffer!r}"
        head, _, self.buffer = self.buffer.partition(mark)
        return head + mark

    def line(self) -> bytes | None:
        while b"\r\n" not in self.buffer:
            if not self._more():
                return None
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line

    def exactly(self, size: int) -> bytes:
        pieces, self.buffer = [self.buffer], b""
        missing = size - len(pieces[0])
        while missing > 0 and self._more():
            pieces.append(self.buffer)
            missing, self.buffer = missing - len(self.buffer), b""
        data = b"".join(pieces)
        self.buffer = data[size:]
        return data[:size]

    def rest(self) -> bytes:
        while self._more():
            pass
        data, self.buffer = self.buffer, b""
        return data

    def is_closed(self) -> bool:
        """Whether the gateway has ended the connection (waits for it)."""
        return not self._more()

    def _more(self) -> bool:
        try:
            data = self.socket.recv(65536)
        except ConnectionError:
            return False
        self.buffer += data
        return bool(data)

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass
class GatewayProcess:
    """A running gateway with its document."""

    document: dict[str, Any]
    folder: Path
    port: int = field(default_factory=free_port)
    admin_port: int = field(default_factory=free_port)
    environment: dict[str, str] = field(default_factory=dict)
    wrapper: tuple[str, ...] = ()
    clients: list[Client] = field(default_factory=list)
    told: bool = False
    stdout: int | None = None

    def __post_init__(self) -> None:
        self.config = self.folder / f"gateway-{self.port}.yaml"
        self.log = self.folder / f"gateway-{self.port}.log"
        self.write(self.document)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*self.wrapper, sys.executable, "-m", "msctl.gateway", "--config", str(self.config)],
                cwd=ROOT,
                stdout=log if self.stdout is None else self.stdout,
                stderr=log,
                env={**os.environ, **self.environment},
            )
        wait_until(self._is_ready, "the gateway is ready")

    def write(self, document: dict[str, Any]) -> None:
        """Replace the document."""
        self.document = document
        addresses = {"listen": f"127.0.0.1:{self.port}", "admin": f"127.0.0.1:{self.admin_port}"}
        self.config.write_text(json.dumps({"stop_grace": 6.0, **addresses, **document}))

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.admin("GET", "/-/health")[0] == 200
        except OSError:
            return False

    def admin(self, method: str, path: str, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        """Ask an admin endpoint; JSON is parsed."""
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=PATIENCE)
        try:
            connection.request(method, path, headers=headers or {})
            response = connection.getresponse()
            body = response.read()
            is_json = "json" in (response.getheader("Content-Type") or "")
            return response.status, json.loads(body) if is_json else body.decode()
        finally:
            connection.close()

    def circuit(self, callee: str = "orders") -> dict[str, Any]:
        """One circuit."""
        found: list[dict[str, Any]] = self.admin("GET", "/-/circuits")[1]
        return next(view for view in found if view["callee"] == callee)

    def instances(self, service: str = "orders") -> list[dict[str, Any]]:
        """The instances of one service."""
        found: list[dict[str, Any]] = self.admin("GET", "/-/upstreams")[1]
        instances: list[dict[str, Any]] = next(u["instances"] for u in found if u["service"] == service)
        return instances

    def in_flight(self, service: str = "orders") -> int:
        """Calls under way."""
        found: list[dict[str, Any]] = self.admin("GET", "/-/upstreams")[1]
        return next(int(view["in_flight"]) for view in found if view["service"] == service)

    def client(self) -> Client:
        """A connection that is closed at the latest with the process."""
        self.clients.append(Client(self.port))
        return self.clients[-1]

    def get(self, target: str, headers: str = "", method: str = "GET") -> Answer:
        """One request on a connection of its own."""
        with self.client() as client:
            return client.get(target, headers, method)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; the one that ends the process is sent once only."""
        self.told = self.told or number == signal.SIGTERM
        self.process.send_signal(number)

    def stop(self) -> int:
        """End the process as ``up`` would; returns its exit code."""
        for client in self.clients:
            client.close()
        if self.process.poll() is None and not self.told:
            self.signal(signal.SIGTERM)
        try:
            return self.process.wait(BUSY_MACHINE)
        finally:
            if self.process.poll() is None:
                self.process.kill()
