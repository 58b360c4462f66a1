"""``msctl dev``: what is saved runs, what does not come up is told, and nothing ends with the watching."""

from __future__ import annotations

import signal
import subprocess
from threading import Thread

import pytest

from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import running
from tests.e2e.traffic import get
from tests.integration.waiting import eventually

pytestmark = pytest.mark.e2e

_PATIENCE = 120.0


def test_what_is_saved_runs_and_what_is_wrong_is_told(small: Checkout) -> None:
    source = small.folder / "plain" / "server.py"
    dockerfile = source.with_name("Dockerfile")
    dockerfile.write_text(dockerfile.read_text().replace("COPY server.py server.py", "COPY . ."))
    good = source.read_text()
    with small.start("dev") as process:
        told = _followed(process)
        try:
            _until_told(told, "watching web")
            source.write_text(good.replace('b"fine"', 'b"better"'))
            eventually(lambda: get(small.port, "/web").body == b"better", timeout=_PATIENCE)
            source.write_text(f"{good}\nnonsense here\n")
            _until_told(told, "SyntaxError")
            _until_told(told, "is stopped until the next change")
            source.write_text(good)
            eventually(lambda: get(small.port, "/web").body == b"fine", timeout=_PATIENCE)
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(timeout=_PATIENCE) == 0
    _until_told(told, "no longer watching")
    assert running(small.name("web-1"))


def _followed(process: subprocess.Popen[str]) -> list[str]:
    """The lines that it writes to stderr, as they come."""
    told: list[str] = []
    assert process.stderr is not None
    stream = process.stderr
    Thread(target=lambda: told.extend(stream), daemon=True).start()
    return told


def _until_told(told: list[str], words: str) -> None:
    eventually(lambda: any(words in line for line in told), timeout=_PATIENCE)
