"""Letting a service of a small project write what a test wants."""

from __future__ import annotations

from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import docker

SECRET = "Tq7-planted_Secret-0123456789"
"""In the environment of the service, under a name that says what it is."""


def write(checkout: Checkout, *lines: str, stream: int = 1) -> None:
    """Let the service's process write lines."""
    text = "".join(f"{line}\n" for line in lines)
    docker("exec", "-i", checkout.name("web-1"), "sh", "-c", f"cat > /proc/1/fd/{stream}", stdin=text)
