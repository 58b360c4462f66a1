"""Processes and clients for measuring the gateway on loopback: no container, no Consul."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]

UPSTREAM = """
import asyncio, sys
from pathlib import Path
port, mode = int(sys.argv[1]), Path(sys.argv[2])
count = 0
async def serve(reader, writer):
    global count
    try:
        while True:
            head = await reader.readuntil(b"\\r\\n\\r\\n")
            count += 1
            kind = mode.read_text()
            if head.startswith(b"GET /slow") or kind == "slow":
                await asyncio.sleep(30)
            if head.startswith(b"GET /count"):
                count -= 1
                body = str(count).encode()
            else:
                body = b'{"sku": "WIDGET"}'
            status = b"500" if kind == "bad" and not head.startswith(b"GET /count") else b"200"
            writer.write(b"HTTP/1.1 %b X\\r\\nContent-Length: %d\\r\\n\\r\\n%b" % (status, len(body), body))
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()
asyncio.run(main())
"""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def percentile(values: list[float], share: float) -> float:
    """The value below which ``share`` of the sorted values lie."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


@dataclass
class Replica:
    """One upstream process; ``mode`` is good, bad (500) or slow."""

    folder: Path
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.mode_file = self.folder / f"mode-{self.port}"
        self.mode("good")
        arguments = [sys.executable, "-c", UPSTREAM, str(self.port), str(self.mode_file)]
        self.process = subprocess.Popen(arguments)
        wait_for_port(self.port)

    def mode(self, name: str) -> None:
        """Change how it answers."""
        self.mode_file.write_text(name)

    def signal(self, number: signal.Signals) -> None:
        """SIGKILL, SIGSTOP, SIGCONT."""
        self.process.send_signal(number)

    def count(self) -> int:
        """Requests it has had."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/count") as answer:
            return int(answer.read())

    def stop(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()


@dataclass
class Lab:
    """A gateway over some replicas, gone at the end of the block."""

    replicas: int
    document: dict[str, Any] = field(default_factory=dict)
    route: dict[str, Any] = field(default_factory=dict)
    service: dict[str, Any] = field(default_factory=dict)

    def __enter__(self) -> Lab:
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        self.upstreams = [Replica(folder) for _ in range(self.replicas)]
        self.port, self.admin_port = free_port(), free_port()
        instances = [f"127.0.0.1:{one.port}" for one in self.upstreams]
        document = {
            "listen": f"127.0.0.1:{self.port}",
            "admin": f"127.0.0.1:{self.admin_port}",
            "access_log": 0,
            "services": {"orders": {"instances": instances, **self.service}},
            "routes": [{"path": "/{rest:path}", "service": "orders", **self.route}],
            **self.document,
        }
        config = folder / "gateway.yaml"
        config.write_text(json.dumps(document))
        command = [sys.executable, "-m", "msctl.gateway", "--config", str(config)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        wait_for_port(self.admin_port)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()
        for one in self.upstreams:
            one.signal(signal.SIGCONT)
            one.stop()
        self._folder.cleanup()

    def circuit(self) -> dict[str, Any]:
        """The first circuit."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin_port}/-/circuits") as answer:
            view: dict[str, Any] = json.loads(answer.read())[0]
            return view

    def in_flight(self) -> int:
        """Calls to the first service that are under way."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin_port}/-/upstreams") as answer:
            count: int = json.loads(answer.read())[0]["in_flight"]
            return count

    def memory(self) -> float:
        """Resident MiB of the gateway."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def counts(self) -> int:
        """Requests that reached any replica."""
        return sum(one.count() for one in self.upstreams)


def wait_for_port(port: int) -> None:
    """Return once somebody listens."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"nobody listens on {port}")


@dataclass
class Result:
    """What a load saw: statuses (0 for none) and seconds, in order."""

    statuses: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def failed(self, skip: int = 0) -> int:
        """Answers other than 2xx after the first ``skip``."""
        return sum(not 200 <= status < 300 for status in self.statuses[skip:])

    def add(self, other: Result) -> None:
        """Take over what another load saw."""
        self.statuses += other.statuses
        self.seconds += other.seconds

    def counted(self) -> str:
        """Statuses with their numbers."""
        return ", ".join(f"{count} x {status}" for status, count in sorted(Counter(self.statuses).items()))


class Connection:
    """A keep-alive connection to the gateway."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, target: str, result: Result) -> None:
        """One request, noted in ``result``."""
        started = time.perf_counter()
        try:
            status = await self._ask(target)
        except (OSError, asyncio.IncompleteReadError):
            status = 0
            self.close()
        result.statuses.append(status)
        result.seconds.append(time.perf_counter() - started)

    async def _ask(self, target: str) -> int:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(f"GET {target} HTTP/1.1\r\nHost: g\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        if b"connection: close" in head:
            self.close()
        return int(head.split(b" ", 2)[1])

    def close(self) -> None:
        """Close it."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def in_a_row(port: int, times: int, target: str = "/x") -> Result:
    """Requests one after another on one connection."""
    result, connection = Result(), Connection(port)
    for _ in range(times):
        await connection.get(target, result)
    connection.close()
    return result


async def pipelined(port: int, times: int, depth: int = 50) -> int:
    """Many requests on one connection, ``depth`` at a time; returns how many were not answered 200."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = b"GET /x HTTP/1.1\r\nHost: g\r\n\r\n"
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    body = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    await reader.readexactly(body)
    failed = 0
    for _ in range(times // depth):
        writer.write(request * depth)
        answers = await reader.readexactly((len(head) + body) * depth)
        failed += depth - answers.count(b"HTTP/1.1 200 ")
    writer.close()
    return failed


async def at_once(port: int, times: int, target: str = "/x") -> Result:
    """Requests side by side, each on its own connection."""
    result = Result()
    connections = [Connection(port) for _ in range(times)]
    await asyncio.gather(*(connection.get(target, result) for connection in connections))
    for connection in connections:
        connection.close()
    return result


async def steady(port: int, rate: float, seconds: float, target: str = "/x") -> Result:
    """``rate`` requests a second for a while, whatever the answers take."""
    result = Result()
    idle: list[Connection] = []
    tasks: list[asyncio.Task[None]] = []

    async def one() -> None:
        connection = idle.pop() if idle else Connection(port)
        await connection.get(target, result)
        idle.append(connection)

    started = time.perf_counter()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, started + number / rate - time.perf_counter()))
        tasks.append(asyncio.create_task(one()))
    await asyncio.gather(*tasks)
    for connection in idle:
        connection.close()
    return result
