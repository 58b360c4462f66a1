"""The gateway's own view of instances and counters, from its admin endpoints on loopback."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.request import urlopen

from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import docker

_TIMEOUT = 30.0


def upstream(checkout: Checkout, service: str) -> dict[str, Any]:
    """What the gateway knows of a service."""
    found: list[dict[str, Any]] = json.loads(_admin(checkout, "/-/upstreams"))
    return next(view for view in found if view["service"] == service)


def instances(checkout: Checkout, service: str) -> set[str]:
    """Names of the instances that it may call, without the project's."""
    prefix = f"{checkout.project}-"
    return {str(i["name"]).removeprefix(prefix) for i in upstream(checkout, service)["instances"]}


def circuit(checkout: Checkout, callee: str) -> dict[str, Any]:
    """One circuit."""
    found: list[dict[str, Any]] = json.loads(_admin(checkout, "/-/circuits"))
    return next(view for view in found if view["callee"] == callee)


def retries(checkout: Checkout, service: str) -> int:
    """Attempts made again so far."""
    found = re.search(rf'msctl_retries_total{{service="{service}"}} (\S+)', _admin(checkout, "/-/metrics"))
    return int(float(found[1])) if found else 0


def _admin(checkout: Checkout, path: str) -> str:
    place = docker("port", checkout.name("gateway"), "8081/tcp").splitlines()[0]
    with urlopen(f"http://{place}{path}", timeout=_TIMEOUT) as answer:
        text: str = answer.read().decode()
        return text
