"""Asks one service again and again while it is stopped, once: arguments in, JSON out.

Run with host, port, target and seconds. Out: ``{"asked", "lost"}``. Lost is a request that the service had
taken up and did not answer whole; one that met a closing door was never taken up. From outside, the two
differ in how long they waited only: the system ends what no process has taken up as soon as the process
stops listening. Standard library only, since its source is sent along.
"""

from __future__ import annotations

import http.client
import json
import socket
import statistics
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import NamedTuple

CLIENTS = 4
LONGEST = 10.0
"""Seconds that one request may take."""

PIECE = 65536
AT_THE_DOOR = 0.05
PAUSE = 0.01


class Asked(NamedTuple):
    """One request that was connected: how long it waited in seconds, and what became of it."""

    seconds: float
    begun: bool
    answered: bool


def ask(host: str, port: int, target: str) -> Asked | None:
    """One request; nothing if there was no connection."""
    connection = http.client.HTTPConnection(host, port, timeout=LONGEST)
    begun = answered = False
    try:
        connection.connect()
    except OSError:
        return None
    asked_at = time.perf_counter()
    watchdog = threading.Timer(LONGEST, shut, [connection.sock])
    watchdog.daemon = True
    watchdog.start()
    try:
        connection.request("GET", target)
        answer = connection.getresponse()
        begun = True
        while answer.read(PIECE):
            pass
        answered = not answer.length and time.perf_counter() - asked_at < LONGEST
    except (OSError, http.client.HTTPException, ValueError):
        answered = False
    finally:
        watchdog.cancel()
        connection.close()
    return Asked(time.perf_counter() - asked_at, begun, answered)


def shut(connection: socket.socket) -> None:
    """End a connection whose answer does not end, a byte now and then; one that has ended is fine."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def judged(found: list[Asked]) -> dict[str, int]:
    """How many requests were taken up, and how many of these lost.

    A process that is held up, by a processor limit or by its neighbours, leaves requests at its door for as
    long as the slowest of its answers takes more than a usual one.
    """
    took = [one.seconds for one in found if one.answered]
    door = max(AT_THE_DOOR, 2 * (max(took) - statistics.median(took)) if took else 0.0)
    lost = sum(not one.answered and (one.begun or one.seconds > door) for one in found)
    return {"asked": len(took) + lost, "lost": lost}


def client(host: str, port: int, target: str, until: float) -> list[Asked]:
    """What became of each request."""
    found = []
    while time.monotonic() < until:
        asked = ask(host, port, target)
        if asked is not None:
            found.append(asked)
        time.sleep(PAUSE)
    return found


def main() -> None:
    """Ask until the time is over, and tell."""
    host, port, target, seconds = sys.argv[1:]
    until = time.monotonic() + float(seconds)
    with ThreadPoolExecutor(CLIENTS) as pool:
        running = [pool.submit(client, host, int(port), target, until) for _ in range(CLIENTS)]
    print(json.dumps(judged([asked for one in running for asked in one.result()])))


if __name__ == "__main__":
    main()
