"""What collecting and storing a log line costs in CPU, how soon a search has its first hit, and the size cap.

Usage: ``python -m benchmarks.observer [LINES]`` (default 1 000 000; the bar for searching is for 5 000 000).
With ``cap`` only the cap is looked at: three times as many lines as fit, and how far the size went above it.
CPU time is the process's own, so that a busy machine matters little; the search is wall time.
"""

from __future__ import annotations

import json
import random
import struct
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from msctl.agent.log_collector import KnownSecrets, Outgoing
from msctl.agent.log_reading import Read
from msctl.engine.docker.frames import Demultiplexer, LineAssembler
from msctl.observer.search import Question
from msctl.observer.store import LogStore
from msctl.telemetry.loglines.counting import Counting
from msctl.telemetry.loglines.record import Wanted
from msctl.telemetry.loglines.transfer import Batch, Source, decode, encode, microseconds

SERVICES = 5
PART = 1000
ROOM = 64 * 2**30
BAR = 5.0
"""Per cent of a core for agent and observer together at 1 000 lines a second."""

SECRETS = 50


def frames(number: int) -> bytes:
    """A part of one container's log as the engine sends it; a third of the lines is plain."""
    pieces = []
    for n in range(number, number + PART):
        clock = f"{n // 3_600_000 % 24:02}:{n // 60_000 % 60:02}:{n // 1000 % 60:02}"
        stamp = f"2026-01-02T{clock}.{n % 1000:03}000000Z"
        said = {"time": stamp, "level": "info", "logger": "orders"}
        said |= {
            "message": f"order {n} placed by customer{n % 977}",
            "trace_id": f"{random.getrandbits(128):032x}",
        }
        text = json.dumps(said) if n % 3 else f"2026-01-02 [INFO] plain line {n} needle{n // 100_000}"
        line = f"{stamp} {text}\n".encode()
        pieces.append(struct.pack(">BxxxL", 1, len(line)) + line)
    return b"".join(pieces)


def collected(data: bytes, source: Source, counting: Counting, secrets: KnownSecrets) -> list[Batch]:
    """What the agent makes of it."""
    assembler, demultiplexer = LineAssembler(source.container), Demultiplexer()
    outgoing = Outgoing(secrets)
    for stream, payload in demultiplexer.feed(data):
        line = assembler.add(stream, payload)
        position = None if line is None else counting.position(line.stream, microseconds(line.time))
        if line is not None and position is not None:
            outgoing.add(Read(source, line, position), 0.0)
    outgoing.settle(1.0, quiet=True)
    return outgoing.batches()


def questions() -> Iterator[tuple[str, Question]]:
    """What is searched for."""
    yield "a rare word", Question(wanted=Wanted(words="needle0"))
    yield "a frequent word", Question(wanted=Wanted(words="customer5"))
    yield "two words", Question(wanted=Wanted(words="order placed"))
    yield "one service", Question(["s3"])
    yield "no such word", Question(wanted=Wanted(words="nowhere"))


def capped(room: int) -> None:
    """How big the store became while three times its room was written, and how big it was at the end."""
    with tempfile.TemporaryDirectory() as folder:
        secrets = Path(folder) / "secrets.json"
        secrets.write_text("[]")
        known, store = KnownSecrets(secrets), LogStore(Path(folder) / "logs", room)
        counting, source = Counting(), Source("id0", "shop-s0-1", "s0", 1)
        largest = written = number = 0
        while written < 3 * room:
            batches = collected(frames(number), source, counting, known)
            written += 4 * sum(len(line.text) for batch in batches for line in batch.lines)
            store.add(batches)
            largest, number = max(largest, store.size), number + PART
        reached = f"largest {largest / room:.1%} of it, {store.size / room:.1%} at the end"
        print(f"cap {room / 2**20:.0f} MiB: {reached}")
        print(f"the bar of 105 % is {'held' if largest <= 1.05 * room else 'MISSED'}")
        store.close()


def main() -> None:
    """Measure and print."""
    if sys.argv[1:] == ["cap"]:
        capped(64 * 2**20)
        return
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        secrets = Path(folder) / "secrets.json"
        secrets.write_text(json.dumps([f"{random.getrandbits(192):048x}x" for _ in range(SECRETS)]))
        known, store = KnownSecrets(secrets), LogStore(Path(folder) / "logs", ROOM)
        agent = observer = 0.0
        counters = [Counting() for _ in range(SERVICES)]
        for number in range(0, count // SERVICES, PART):
            data = frames(number)
            for index, counting in enumerate(counters):
                source = Source(f"id{index}", f"shop-s{index}-1", f"s{index}", 1)
                begun = time.process_time()
                body = json.dumps(encode(collected(data, source, counting, known)))
                sent = time.process_time()
                store.add(decode(json.loads(body)))
                agent, observer = agent + sent - begun, observer + time.process_time() - sent
        _tell(store, count, agent, observer)
        store.close()


def _tell(store: LogStore, count: int, agent: float, observer: float) -> None:
    stored = store.last_id
    a, o = agent / stored * 1e5, observer / stored * 1e5  # per cent of a core at 1 000 lines a second
    verdict = "held" if a + o <= BAR else "MISSED"
    print(f"{stored} of {count} lines stored, {store.size / 2**20:.0f} MiB")
    print(f"CPU at 1000 lines/s: agent {a:.1f} %, observer {o:.1f} %, together {a + o:.1f} %")
    print(f"the bar of {BAR:g} % is {verdict}")
    for name, question in questions():
        begun = time.perf_counter()
        found = store.newest(question, 1)
        first = time.perf_counter() - begun
        print(
            f"search, {name}: first hit {'after' if found else 'none,'} {first * 1000:.0f} ms (bar 1000 ms)"
        )


if __name__ == "__main__":
    main()
