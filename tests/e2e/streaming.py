"""A stream of orders from one service to another, kills at random, and what must be true at rest."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

from tests.e2e.checkout import Checkout
from tests.e2e.databases import postgres
from tests.e2e.engine_state import docker
from tests.e2e.manifests import make_small, write

VICTIMS = ("source-1", "source-2", "sink-1", "sink-2", "broker")
RETRIES = ("200ms", "500ms", "1s", "2s")
CUSTOMERS = 40
_BATCH = 20
_TIMEOUT = 30.0
_BACKWARDS = """
SELECT count(*) FROM (
  SELECT number, lag(number) OVER (PARTITION BY customer ORDER BY place) AS before FROM effects
) AS pairs WHERE before > number
"""


def make_stream(folder: Path, *, unlucky: float, sinks: int = 2) -> Checkout:
    """Two services with two instances each; the second asks for order, and fails at times."""
    checkout = make_small(folder)
    routes = [{"path": "/orders", "service": "source", "timeout": "20s", "retries": 0}]
    common = {"replicas": 2, "database": "postgres", "circuit": "off", "stop_grace": "10s"}
    services = {
        "source": {**common, "build": "source", "publishes": ["order.placed"]},
        "sink": {
            **common,
            "build": "sink",
            "replicas": sinks,
            "subscribes": [{"pattern": "order.placed", "ordered": True}],
            "event_retries": list(RETRIES),
            "environment": {"UNLUCKY": str(unlucky)},
        },
    }
    gateway = {"port": checkout.port, "routes": routes}
    declared = {"project": checkout.project, "gateway": gateway, "services": services}
    write(checkout, {**declared, "platform": {"metrics": "off"}})
    return checkout


class Placing:
    """Places orders one batch after the other, as far as it is allowed, until they are taken."""

    def __init__(self, checkout: Checkout, first: int = 0) -> None:
        self._checkout = checkout
        self._allowed = first
        self.placed = first
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def allow(self, end: int) -> None:
        """Go on up to order number ``end``."""
        self._allowed = end

    def finish(self, end: int) -> None:
        """Wait until all up to ``end`` are placed."""
        self.allow(end)
        deadline = time.monotonic() + 600
        while self.placed < end:
            assert time.monotonic() < deadline, f"{self.placed} of {end} orders are placed"
            time.sleep(0.05)
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            end = min(self.placed + _BATCH, self._allowed)
            if end == self.placed or not place(self._checkout, self.placed, end):
                time.sleep(0.1)
                continue
            self.placed = end


def place(checkout: Checkout, first: int, end: int) -> bool:
    """Whether the source took these orders."""
    wanted = {"first": first, "end": end, "keys": CUSTOMERS}
    body = json.dumps(wanted).encode()
    headers = {"Content-Type": "application/json"}
    request = Request(f"{checkout.url}/orders", data=body, headers=headers, method="POST")
    try:
        with urlopen(request, timeout=_TIMEOUT):
            return True
    except (URLError, ConnectionError, TimeoutError):
        return False


@contextmanager
def killed(checkout: Checkout, suffix: str) -> Iterator[None]:
    """One container is killed, and started again at the end of the block."""
    docker("kill", checkout.name(suffix))
    try:
        yield
    finally:
        docker("start", checkout.name(suffix))


def storm(checkout: Checkout, kills: int, orders: int, chance: random.Random) -> None:
    """Place ``orders`` while containers are killed ``kills`` times, spread evenly over the orders."""
    placing = Placing(checkout)
    victims = [VICTIMS[number % len(VICTIMS)] for number in range(kills)]
    chance.shuffle(victims)
    for number, victim in enumerate(victims, start=1):
        placing.allow(orders * number // kills)
        time.sleep(chance.uniform(0.0, 1.0))
        with killed(checkout, victim):
            time.sleep(chance.uniform(0.0, 1.0))
        while placing.placed < orders * (number - 1) // kills:
            time.sleep(0.05)
    placing.finish(orders)


def effects(checkout: Checkout) -> int:
    """How many effects there are."""
    return int(postgres(checkout, "sink", "SELECT count(*) FROM effects"))


def doubled(checkout: Checkout) -> int:
    """Effects beyond the first of each order."""
    return effects(checkout) - int(postgres(checkout, "sink", "SELECT count(DISTINCT number) FROM effects"))


def backwards(checkout: Checkout) -> int:
    """Effects that came after one of a later order of the same customer."""
    return int(postgres(checkout, "sink", _BACKWARDS))


def dead(checkout: Checkout) -> int:
    """Orders that were given up."""
    found = checkout.msctl("events", "dead", "--json").good().json()
    return len(found)
