"""Sends HTTP requests of every kind to one service from inside the project's network: JSON in, JSON out.

In, on stdin: ``{"host", "port", "timeout", "questions": [{"id", "method", "target", …}]}``.
Out: ``{id: [{"status", "headers", "body", "seconds"} or {"error", "seconds"}]}``, one answer for each time.
Whatever the service does, the exam ends within ``TIME`` and its answers fit into ``ROOM``.
``size`` sends so many bytes as body, ``times`` asks side by side, ``times_in_row`` one after the other on one
connection, ``beside_slow`` while other connections send half a request. Standard library only, since its
source is sent along.
"""

from __future__ import annotations

import http.client
import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

LARGEST_BODY = 128 * 1024
LONGEST_HEADER = 4096
ENDLESS = 8 * 1024 * 1024
"""Bytes of a body after which its end is no longer waited for."""

ROOM = 900 * 1024
TIME = 90.0
SLOW_CONNECTIONS = 10
UNASKED = {"error": "was not asked: the answers before took too long", "seconds": 0.0}


def examine(host: str, port: int, timeout: float, question: dict[str, Any]) -> list[dict[str, Any]]:
    """The answers to one question; every failure is an answer."""
    with ExitStack() as held:
        if question.get("beside_slow"):
            try:
                for _ in range(SLOW_CONNECTIONS):
                    slow = held.enter_context(socket.create_connection((host, port), timeout))
                    slow.sendall(b"GET / HTTP/1.1\r\nHost: slow\r\nX-Slow: ")
            except OSError as error:
                return [{"error": str(error), "seconds": 0.0}]
        if question.get("times_in_row"):
            return in_row(host, port, timeout, question)
        times = int(question.get("times", 1))
        with ThreadPoolExecutor(min(times, 50)) as pool:
            asked = [pool.submit(in_row, host, port, timeout, question) for _ in range(times)]
        return [answer for future in asked for answer in future.result()]


def in_row(host: str, port: int, timeout: float, question: dict[str, Any]) -> list[dict[str, Any]]:
    """Answers one after the other on one connection; it is not opened again."""
    began = time.perf_counter()
    answers = []
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.connect()
        connection.auto_open = 0
        for _ in range(int(question.get("times_in_row", 1))):
            with cut_after(connection.sock, timeout):
                answer = one(connection, question)
            answers.append(answer)
    except (OSError, http.client.HTTPException, ValueError) as error:
        text = str(error) or type(error).__name__
        answers.append({"error": text, "seconds": round(time.perf_counter() - began, 4)})
    finally:
        connection.close()
    return answers


@contextmanager
def cut_after(connection: socket.socket, seconds: float) -> Iterator[None]:
    """End a connection whose answers do not end, a byte now and then, and raise ``TimeoutError``.

    Whoever still reads from it is told of its end or, when the other side goes on, of a reset.
    """
    too_late = f"no end of its answer within {seconds:g} s"
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        shut(connection)

    watchdog = threading.Timer(seconds, expire)
    watchdog.daemon = True
    watchdog.start()
    try:
        yield
    except (OSError, http.client.HTTPException) as error:
        if expired.is_set():
            raise TimeoutError(too_late) from error
        raise
    finally:
        watchdog.cancel()
    if expired.is_set():
        raise TimeoutError(too_late)


def shut(connection: socket.socket) -> None:
    """End both directions; one that has ended is fine."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def one(connection: http.client.HTTPConnection, question: dict[str, Any]) -> dict[str, Any]:
    """One answer; a target is sent as it is written."""
    began = time.perf_counter()
    connection.putrequest(question.get("method", "GET"), "/", skip_accept_encoding=True)
    first = f"{question.get('method', 'GET')} {question['target']} HTTP/1.1".encode("latin-1")
    connection._buffer[0] = first  # type: ignore[attr-defined]
    body = b"x" * int(question["size"]) if "size" in question else str(question.get("body", "")).encode()
    for name, value in question.get("headers", {}).items():
        connection.putheader(name, value)
    if body:
        connection.putheader("Content-Length", str(len(body)))
    refused = send(connection, body)
    answer = connection.getresponse()
    text = answer.read(LARGEST_BODY).decode("utf-8", "replace")
    if len(answer.read(ENDLESS)) == ENDLESS:
        raise ValueError(f"its body has no end: more than {ENDLESS // 1024**2} MiB")
    if answer.length:
        raise http.client.IncompleteRead(b"", answer.length)
    headers = {name.lower(): value[:LONGEST_HEADER] for name, value in answer.getheaders()}
    seconds = round(time.perf_counter() - began, 4)
    return {"status": answer.status, "headers": headers, "body": text, "seconds": seconds, "early": refused}


def send(connection: http.client.HTTPConnection, body: bytes) -> bool:
    """Send head and body; true if the service closed before it had read all, and may have answered."""
    try:
        connection.endheaders(body or None)
    except (BrokenPipeError, ConnectionResetError):
        return True
    return False


def main() -> None:
    """Read the questions, ask one after the other, write the answers."""
    order = json.load(sys.stdin)
    host, port, timeout = order["host"], int(order["port"]), float(order["timeout"])
    deadline = time.monotonic() + TIME
    answers = {}
    for question in order["questions"]:
        left = min(timeout, deadline - time.monotonic())
        found = examine(host, port, left, question) if left > 0 else [dict(UNASKED)]
        answers[question["id"]] = found
    sys.stdout.write(fitting(answers))


def fitting(answers: dict[str, list[dict[str, Any]]]) -> str:
    """The answers as JSON; where they are too many, their bodies and headers are cut."""
    text, longest = json.dumps(answers), LARGEST_BODY
    while len(text) > ROOM:
        longest //= 4
        for answer in (one for found in answers.values() for one in found if "status" in one):
            answer["body"] = answer["body"][:longest]
            named = list(answer["headers"].items())[: max(longest // 1024, 1)]
            answer["headers"] = {name[:longest]: value[:longest] for name, value in named}
        text = json.dumps(answers)
    return text


if __name__ == "__main__":
    main()
