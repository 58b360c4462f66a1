"""Projects of services that do as they are told, instance by instance, and what their instances saw."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import docker, running
from tests.e2e.manifests import declare, make_small
from tests.integration.waiting import eventually

SCRIPTED: Mapping[str, Any] = {
    "build": "scripted",
    "health": {"path": "/readyz", "live": "off", "interval": "1s", "timeout": "1s"},
}
"""Manifest entry of a scripted service."""


@contextmanager
def scripted_project(
    folder: Path,
    services: Mapping[str, Mapping[str, Any]],
    routes: Sequence[Mapping[str, Any]],
    **gateway: Any,
) -> Iterator[Checkout]:
    """A running project of scripted services, gone after the block."""
    checkout = make_small(folder)
    rewrite(checkout, services, routes, **gateway)
    try:
        checkout.msctl("up").good()
        yield checkout
    finally:
        checkout.sweep()


def rewrite(
    checkout: Checkout,
    services: Mapping[str, Mapping[str, Any]],
    routes: Sequence[Mapping[str, Any]],
    elsewhere: Mapping[str, Mapping[str, Any]] | None = None,
    **gateway: Any,
) -> None:
    """Write the manifest of a scripted project; services ``elsewhere`` are as they are."""
    entries: dict[str, Mapping[str, Any]] = {n: {**SCRIPTED, **entry} for n, entry in services.items()}
    entries |= elsewhere or {}
    declare(checkout, entries, routes=list(routes), **gateway)


def script(checkout: Checkout, *instances: str, **wishes: Any) -> None:
    """Let instances (``web-1``) answer so from now on; without wishes all is well."""
    for instance in instances:
        text = json.dumps(wishes)
        command = f"echo '{text}' > /tmp/script.new && mv /tmp/script.new /tmp/script"
        docker("exec", checkout.name(instance), "sh", "-c", command)


def journal(checkout: Checkout, *instances: str) -> list[dict[str, Any]]:
    """What reached these instances: requests, and connections without any."""
    texts = [docker("exec", checkout.name(name), "cat", "/tmp/journal") for name in instances]
    return [json.loads(line) for text in texts for line in text.splitlines()]


def kill(checkout: Checkout, instance: str) -> None:
    """SIGKILL to what runs in an instance; returns when the engine's restart policy has brought it back."""
    name = checkout.name(instance)
    before = _restarts(name)
    docker("exec", name, "sh", "-c", "kill -KILL -1")
    eventually(lambda: _restarts(name) > before and running(name))


def _restarts(name: str) -> int:
    return int(docker("container", "inspect", "--format", "{{.RestartCount}}", name))


@contextmanager
def hung(checkout: Checkout, instance: str) -> Iterator[None]:
    """An instance that accepts connections and never answers, for the block."""
    docker("exec", checkout.name(instance), "sh", "-c", "kill -STOP -1")
    try:
        yield
    finally:
        docker("exec", checkout.name(instance), "sh", "-c", "kill -CONT -1")
