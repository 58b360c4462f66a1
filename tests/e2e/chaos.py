"""Random misfortunes of a running project, and what must be true once they are over."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Mapping
from urllib.error import URLError

from tests.e2e.catalog import statuses
from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import containers, docker, running, succeeds
from tests.integration.waiting import eventually

ENTERED = ("service", "gateway", "broker", "auth", "observer", "metrics", "agent")
"""Roles whose running containers are in the catalog."""


def catalog_is_true(checkout: Checkout, strangers: Mapping[str, str] | None = None) -> bool:
    """Whether exactly what runs is in the catalog, passing, and ``strangers`` are as they were."""
    found = containers(checkout.project)
    runs = {
        name
        for name, seen in found.items()
        if seen["State"]["Status"] == "running" and seen["Config"]["Labels"]["io.msctl.role"] in ENTERED
    }
    try:
        return statuses(checkout.project) == dict.fromkeys(runs, "passing") | dict(strangers or {})
    except (URLError, OSError):
        return False


def empty_registry(checkout: Checkout) -> None:
    """Restart Consul with no data."""
    registry = checkout.name("registry")
    image = containers(checkout.project)[registry]["Config"]["Image"]
    docker("stop", "--time", "1", registry)
    place = f"{registry}-data:/data"
    docker(
        "run", "--rm", "--user", "0", "--entrypoint", "sh", "--volume", place, image, "-c", "rm -rf /data/*"
    )
    docker("start", registry)


def _kill_process(checkout: Checkout, dice: random.Random) -> None:
    succeeds("exec", checkout.name(_instance(dice)), "sh", "-c", "kill -KILL -1")


def _kill_container(checkout: Checkout, dice: random.Random) -> None:
    succeeds("kill", checkout.name(dice.choice((_instance(dice), "gateway", "agent", "registry"))))


def _remove(checkout: Checkout, dice: random.Random) -> None:
    succeeds("rm", "--force", checkout.name(_instance(dice)))


def _pause(checkout: Checkout, dice: random.Random) -> None:
    name = checkout.name(_instance(dice))
    if succeeds("pause", name):
        time.sleep(dice.random())
        docker("unpause", name)


def _restart(checkout: Checkout, dice: random.Random) -> None:
    succeeds("restart", "--time", "1", checkout.name(_instance(dice)))


def _forget(checkout: Checkout, dice: random.Random) -> None:
    if running(checkout.name("registry")):
        empty_registry(checkout)


def _cut_up(checkout: Checkout, dice: random.Random) -> None:
    """``up`` killed somewhere in the middle."""
    with checkout.start("up") as process:
        time.sleep(dice.uniform(0.2, 4.0))
        process.send_signal(signal.SIGKILL)


STEPS: tuple[tuple[Callable[[Checkout, random.Random], None], int], ...] = (
    (_kill_process, 4),
    (_kill_container, 4),
    (_remove, 2),
    (_pause, 2),
    (_restart, 2),
    (_forget, 1),
    (_cut_up, 2),
)


def misfortunes(checkout: Checkout, count: int, dice: random.Random) -> list[str]:
    """Let ``count`` of them happen; their names, for whoever has to find out."""
    steps, weights = zip(*STEPS, strict=True)
    happened = []
    for _ in range(count):
        step = dice.choices(steps, weights)[0]
        happened.append(step.__name__.strip("_"))
        step(checkout, dice)
    return happened


def settle(checkout: Checkout) -> None:
    """A last ``up``, for what nobody but it can bring back."""
    eventually(lambda: checkout.msctl("up").exit_code == 0, timeout=300.0, interval=1.0)


def _instance(dice: random.Random) -> str:
    return dice.choice(("web-1", "web-2", "other-1"))
