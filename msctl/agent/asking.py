"""Asks HTTP questions from inside the project's network, once: JSON in, JSON out.

In, on stdin: ``[{"id", "host", "port", "paths", "timeout"}]``; of ``paths`` the first counts that is not
answered 404. Out: ``{id: {"path", "status", "milliseconds", "body"}}``, or ``{"path", "error"}``. Standard
library only, since its source is sent along.
"""

from __future__ import annotations

import http.client
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

LARGEST_BODY = 256 * 1024
NOT_FOUND = 404


def ask(question: dict[str, Any]) -> dict[str, Any]:
    """The answer to one question; every failure is an answer."""
    answer: dict[str, Any] = {}
    for path in question["paths"]:
        answer = get(question["host"], int(question["port"]), path, float(question["timeout"]))
        if answer.get("status") != NOT_FOUND:
            break
    return answer


def get(host: str, port: int, path: str, timeout: float) -> dict[str, Any]:
    """GET without following redirects."""
    begun = time.monotonic()
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request("GET", path, headers={"User-Agent": "msctl", "Accept": "*/*"})
        response = connection.getresponse()
        body = response.read(LARGEST_BODY).decode("utf-8", "replace")
        spent = round((time.monotonic() - begun) * 1000, 1)
        return {"path": path, "status": response.status, "milliseconds": spent, "body": body}
    except TimeoutError:
        return {"path": path, "error": f"no answer within {timeout:g} s"}
    except (OSError, http.client.HTTPException) as exc:
        words = exc.strerror.lower() if isinstance(exc, OSError) and exc.strerror else str(exc)
        return {"path": path, "error": words or type(exc).__name__}
    finally:
        connection.close()


def main() -> None:
    """Answer all questions at once."""
    questions = json.load(sys.stdin)
    with ThreadPoolExecutor(max(1, min(32, len(questions)))) as pool:
        answers = dict(zip((q["id"] for q in questions), pool.map(ask, questions), strict=True))
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
