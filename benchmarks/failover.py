"""How soon a killed instance is out of the gateway's rotation, and back: ``python -m benchmarks.failover``.

Option: ``--kills N``. Needs root and Docker on this machine, and quiet. While instances get SIGKILL one after
another, ``/web`` is asked 50 times a second; the gateway's admin endpoint tells who is in rotation.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks.bars import show
from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import docker
from tests.e2e.scripted import scripted_project
from tests.e2e.traffic import steady
from tests.integration.waiting import eventually

KILLS = 50
_REPLICAS = 5
_ROUTES = [{"path": "/web/{rest:path}", "service": "web", "rewrite": "/{rest}"}]
_LOOK = 0.002
_PATIENCE = 60.0
_PORT = 8000


class View:
    """The gateway's instances of ``web``, asked over one connection."""

    def __init__(self, system: Checkout) -> None:
        host, _, port = docker("port", system.name("gateway"), "8081/tcp").splitlines()[0].rpartition(":")
        self._connection = http.client.HTTPConnection(host, int(port), timeout=5.0)

    def in_rotation(self) -> set[str]:
        """Those that it calls."""
        self._connection.request("GET", "/-/upstreams")
        found = json.loads(self._connection.getresponse().read())
        web = next(service for service in found if service["service"] == "web")
        return {str(one["name"]) for one in web["instances"] if not one["ejected"]}


def one_kill(system: Checkout, view: View, number: int) -> tuple[float, float]:
    """Seconds until a killed instance is out of rotation, and from well until it is in again."""
    everybody = {system.name(f"web-{n}") for n in range(1, _REPLICAS + 1)}
    eventually(lambda: view.in_rotation() == everybody, timeout=_PATIENCE)
    name = system.name(f"web-{number % _REPLICAS + 1}")
    network = f'{{{{.State.Pid}}}} {{{{(index .NetworkSettings.Networks "{system.project}").IPAddress}}}}'
    pid, address = docker("inspect", "--format", network, name).split()
    killed = time.perf_counter()
    os.kill(int(pid), signal.SIGKILL)
    while name in view.in_rotation():
        time.sleep(_LOOK)
    out = time.perf_counter()
    while not _well(address):
        time.sleep(_LOOK)
    well = time.perf_counter()
    while name not in view.in_rotation():
        time.sleep(_LOOK)
    return out - killed, time.perf_counter() - well


def _well(address: str) -> bool:
    try:
        with urlopen(f"http://{address}:{_PORT}/readyz", timeout=0.5) as answer:
            return bool(answer.status == http.client.OK)
    except (URLError, OSError):
        return False


def p99(values: Sequence[float]) -> float:
    """The 99th percentile."""
    return statistics.quantiles(values, n=100, method="inclusive")[98]


def main() -> int:
    """Print the figures; returns 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=KILLS, help=f"default: {KILLS}")
    kills = parser.parse_args().kills
    services = {"web": {"replicas": _REPLICAS}}
    with (
        tempfile.TemporaryDirectory() as folder,
        scripted_project(Path(folder) / "failover", services, _ROUTES) as system,
    ):
        view = View(system)
        with steady(system.port, 50, "/web/x", longest=3600.0) as answers:
            times = [one_kill(system, view, number) for number in range(kills)]
    out, back = ([1000 * pair[place] for pair in times] for place in (0, 1))
    failed = sum(answer.status != http.client.OK for answer in answers)
    return int(
        show(
            {
                f"out of rotation, median of {kills}, ms": [statistics.median(out)],
                f"out of rotation, p99 of {kills}, ms (<= 500)": [p99(out)],
                f"in rotation once it is well, median of {kills}, ms": [statistics.median(back)],
                f"in rotation once it is well, most of {kills}, ms (<= 1000)": [max(back)],
                f"of {len(answers)} requests failed (0)": [float(failed)],
            }
        )
        > 0
    )


if __name__ == "__main__":
    sys.exit(main())
