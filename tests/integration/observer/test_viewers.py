"""Whoever looks at the page may leave at any moment."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.integration.observer.observing import TOKEN, ObserverProcess, eventually

pytestmark = pytest.mark.integration


def test_a_viewer_that_leaves_is_no_error(tmp_path: Path) -> None:
    observer = ObserverProcess(tmp_path)
    try:
        eventually(lambda: observer.stored() >= 0, 60)
        with watching(observer) as staying:
            with watching(observer):
                pass
            for _ in range(3):
                overview(staying)
    finally:
        observer.process.terminate()
        observer.process.wait()
    assert "Traceback" not in observer.log.read_text()


@contextmanager
def watching(observer: ObserverProcess) -> Iterator[http.client.HTTPResponse]:
    """A stream whose first overview has come."""
    with closing(http.client.HTTPConnection("127.0.0.1", observer.port, timeout=60)) as connection:
        connection.request("GET", "/-/stream", headers={"Authorization": f"Bearer {TOKEN}"})
        with connection.getresponse() as response:
            overview(response)
            yield response


def overview(response: http.client.HTTPResponse) -> None:
    """Read until the next one has come."""
    while not (line := response.readline()).startswith(b"data: "):
        assert line, "the stream goes on"
