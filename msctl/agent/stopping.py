"""Asks one service again and again while it is stopped, once: arguments in, JSON out.

Run with host, port, target and seconds. Out: ``{"asked", "lost"}``. Lost is a request that the service had
taken up and did not answer whole; one that met a closed door was never taken up. Standard library only,
since its source is sent along.
"""

from __future__ import annotations

import http.client
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

CLIENTS = 4
TAKEN_UP = 0.05
PAUSE = 0.01


def ask(host: str, port: int, target: str) -> bool | None:
    """Whether one request was answered whole; nothing if it was not taken up."""
    connection = http.client.HTTPConnection(host, port, timeout=10)
    answering = False
    began = None
    try:
        connection.connect()
        began = time.perf_counter()
        connection.request("GET", target)
        answer = connection.getresponse()
        answering = True
        answer.read()
    except (OSError, http.client.HTTPException):
        waited = began is not None and time.perf_counter() - began > TAKEN_UP
        return False if answering or waited else None
    finally:
        connection.close()
    return True


def client(host: str, port: int, target: str, until: float) -> list[bool]:
    """Whether each request that was taken up was answered."""
    found = []
    while time.monotonic() < until:
        answered = ask(host, port, target)
        if answered is not None:
            found.append(answered)
        time.sleep(PAUSE)
    return found


def main() -> None:
    """Ask until the time is over, and tell."""
    host, port, target, seconds = sys.argv[1:]
    until = time.monotonic() + float(seconds)
    with ThreadPoolExecutor(CLIENTS) as pool:
        running = [pool.submit(client, host, int(port), target, until) for _ in range(CLIENTS)]
    found = [answered for one in running for answered in one.result()]
    print(json.dumps({"asked": len(found), "lost": found.count(False)}))


if __name__ == "__main__":
    main()
