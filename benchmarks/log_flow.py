"""What agent and observer cost in CPU while one service writes 1 000 log lines a second, in real containers.

Run: ``python -m benchmarks.log_flow [SECONDS]``, as root with Docker (default 60 s). CPU is each container's
own time, so that a busy machine matters little. Two thirds of the lines are JSON with a trace, the rest is
plain.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import docker

from benchmarks.bars import show
from benchmarks.idle import looked
from msctl import labels
from tests.e2e.checkout import Checkout
from tests.e2e.manifests import declare, make_small

RATE = 1000
_TOGETHER = "together, % of a core (<= 5)"
_SETTLING = 15.0
_CHATTY = f"""
import json, os, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *words):
        pass

def write():
    number, due = 0, time.monotonic()
    while True:
        for _ in range({RATE // 50}):
            number += 1
            said = {{"level": "info", "message": f"order {{number}} placed by customer{{number % 977}}",
                    "trace_id": f"{{number:032x}}"}}
            sys.stdout.write((json.dumps(said) if number % 3 else f"plain line {{number}}") + "\\n")
        sys.stdout.flush()
        due += 0.02
        time.sleep(max(0.0, due - time.monotonic()))

threading.Thread(target=write, daemon=True).start()
ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Handler).serve_forever()
"""


def main() -> int:
    """Measure and print one table; 1 if the bar is missed."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    with tempfile.TemporaryDirectory() as folder:
        checkout = make_small(Path(folder) / "flow")
        (checkout.folder / "plain" / "server.py").write_text(_CHATTY)
        declare(checkout, {"chatty": {}})
        try:
            checkout.msctl("up", timeout=1200.0).good()
            return int(_measured(checkout, seconds) > 0)
        finally:
            checkout.sweep()


def _measured(checkout: Checkout, seconds: float) -> int:
    listed = docker.from_env().containers.list(filters={"label": f"{labels.PROJECT}={checkout.project}"})
    parts = {c.labels[labels.ROLE]: c for c in listed if c.labels[labels.ROLE] in {"agent", "observer"}}
    time.sleep(_SETTLING)
    first, before, begun = _newest(checkout), looked(parts), time.monotonic()
    time.sleep(seconds)
    last, after, lasted = _newest(checkout), looked(parts), time.monotonic() - begun
    cpu = {name: (after[name][0] - before[name][0]) / lasted / 1e7 for name in parts}
    print(f"{(last - first) / lasted:.0f} lines/s of {RATE} stored over {lasted:.0f} s")
    figures = {f"{name}, % of a core": [used] for name, used in cpu.items()}
    return show({**figures, _TOGETHER: [sum(cpu.values())]})


def _newest(checkout: Checkout) -> int:
    """Number of the newest plain line that is stored."""
    found = checkout.msctl("logs", "chatty", "--grep", "plain line", "--tail", "1").good().stdout
    return int(found.split()[-1])


if __name__ == "__main__":
    sys.exit(main())
