"""Use case ``init``: a new project with one service."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from msctl.errors import UsageError
from msctl.manifest.names import label_like, unusable_project
from msctl.model.project import Project
from msctl.scaffold import placing
from msctl.scaffold.new_service import Made, new_service
from msctl.scaffold.order import Order, check
from msctl.scaffold.rendering import render
from msctl.scaffold.templates import Template, shipped

MANIFEST = "msctl.yaml"
_FIRST_PORT = 8080
_PORTS = 200


@dataclass(frozen=True, slots=True)
class NewProject:
    """What was written: the project, its first service, and files that were there and stay as they were."""

    name: str
    folder: Path
    port: int
    service: Made
    kept: tuple[str, ...]


def project_name(folder: Path) -> str:
    """A project's name after its folder's; ``UsageError`` where that gives none."""
    name = label_like(folder.resolve().name)[:63].strip("-")
    if trouble := unusable_project(name):
        raise UsageError(f"the folder's name makes no project name: {trouble}", "say one: --project NAME")
    return name


def new_project(
    folder: Path, name: str, port: int, order: Order, template: Template, environment: Mapping[str, str]
) -> NewProject:
    """Write a project into ``folder``, which may be there but holds no manifest; all of it or nothing."""
    if trouble := unusable_project(name):
        raise UsageError(f"--project: {trouble}", "choose another name")
    if template.image:
        hint = "begin with sources; 'msctl scaffold new-service NAME --template image' adds finished images"
        raise UsageError(f"--template: '{template.name}' has no sources to begin with", hint)
    order = replace(order, route=order.route or f"/api/{order.name}")
    check(order)
    manifest = folder / MANIFEST
    if manifest.exists():
        raise UsageError(f"{manifest} is there already, and nothing is overwritten", "choose another folder")
    files = render(
        shipped("project"),
        {"project": name, "gateway_port": port, "route": order.route, "tokens": template.tokens},
    )
    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    kept = tuple(other for other in files if other != MANIFEST and (folder / other).exists())
    written: list[Path] = []
    try:
        for other, rendered in files.items():
            if other not in kept:
                placing.create(folder / other, rendered)
                written.append(folder / other)
        empty = Project(name, folder.resolve(), "", {})
        service = new_service(order, template, manifest, empty, environment)
    except BaseException:
        for path in written:
            path.unlink()
        if made:
            with suppress(OSError):
                folder.rmdir()
        raise
    return NewProject(name, folder, port, service, kept)


def free_port() -> int:
    """The first port from 8080 on that nobody listens on; two projects then run side by side."""
    for port in range(_FIRST_PORT, _FIRST_PORT + _PORTS):
        with suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise UsageError(f"no port from {_FIRST_PORT} on is free", "say one: --port NUMBER")
