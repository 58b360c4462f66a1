"""Sends HTTP requests of every kind to one service from inside the project's network: JSON in, JSON out.

In, on stdin: ``{"host", "port", "timeout", "questions": [{"id", "method", "target", …}]}``.
Out: ``{id: [{"status", "headers", "body", "seconds"} or {"error", "seconds"}]}``, one answer for each time.
``size`` sends so many bytes as body, ``times`` asks side by side, ``times_in_row`` one after the other on one
connection, ``beside_slow`` while other connections send half a request. Standard library only, since its
source is sent along.
"""

from __future__ import annotations

import http.client
import json
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

LARGEST_BODY = 128 * 1024
SLOW_CONNECTIONS = 10


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
            answers.append(one(connection, question))
    except (OSError, http.client.HTTPException, ValueError) as error:
        text = str(error) or type(error).__name__
        answers.append({"error": text, "seconds": round(time.perf_counter() - began, 4)})
    finally:
        connection.close()
    return answers


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
    answer.read()
    headers = {name.lower(): value for name, value in answer.getheaders()}
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
    json.dump({q["id"]: examine(host, port, timeout, q) for q in order["questions"]}, sys.stdout)


if __name__ == "__main__":
    main()
