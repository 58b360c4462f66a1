"""Letting a service of a small project write what a test wants."""

from __future__ import annotations

import subprocess
import time

from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import docker
from tests.integration.waiting import eventually

SECRET = "Tq7-planted_Secret-0123456789"
"""In the environment of the service, under a name that says what it is."""


def write(checkout: Checkout, *lines: str, stream: int = 1) -> None:
    """Let the service's process write lines, and see them in the hands of the engine."""
    text = "".join(f"{line}\n" for line in lines)
    name, began = checkout.name("web-1"), f"{time.time():.6f}"
    docker("exec", "-i", name, "sh", "-c", f"cat > /proc/1/fd/{stream}", stdin=text)
    eventually(lambda: lines[-1] in _written(name, began))


def _written(name: str, since: str) -> list[str]:
    """The lines that the engine has got of a container, which is a moment after they were written."""
    command = ["docker", "logs", "--since", since, name]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60.0)
    return done.stdout.decode().split("\n")
