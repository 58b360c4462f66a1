"""Debugging one service while it is worked on: its debugger listens in the container, and here behind a port.

Who can reach the container can use the debugger: the other services of the project, while it is asked for.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from msctl import labels
from msctl.engine.images.service import bases
from msctl.engine.images.service_context import read_context
from msctl.engine.port import Engine
from msctl.engine.tunnel import forward
from msctl.errors import UsageError
from msctl.model.project import Project, Service
from msctl.orchestrator.dev.sources import working_folder

PYTHON_PORT = 5678
NODE_PORT = 9229
"""Where editors look for debugpy and for Node's inspector."""

_USUAL_FOLDER = "/app"
"""Where our base images work."""


@dataclass(frozen=True, slots=True)
class Debugger:
    """What listens in a service's container, and on which port there and here."""

    service: str
    kind: Literal["debugpy", "node"]
    port: int


def debugger_of(project: Project, service: Service) -> Debugger:
    """The debugger that the service's base image brings along; raises ``UsageError`` for any other image."""
    roles = () if service.build is None else bases(project.folder / service.build)
    if "runtime" in roles:
        return Debugger(service.name, "debugpy", PYTHON_PORT)
    if "node" in roles:
        return Debugger(service.name, "node", NODE_PORT)
    raise UsageError(
        f"service '{service.name}' has no debugger that msctl knows",
        "let its Dockerfile start from ${MSCTL_RUNTIME} or ${MSCTL_NODE}",
    )


def debugged(project: Project, debugger: Debugger) -> Project:
    """``project`` with one instance of the service, which listens for a debugger and may stand still."""
    service = project.services[debugger.service]
    environment = dict(service.environment)
    if debugger.kind == "debugpy":
        environment |= {"MSCTL_DEBUG_PORT": str(debugger.port), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    else:
        inspect = f"--inspect=0.0.0.0:{debugger.port}"
        environment["NODE_OPTIONS"] = " ".join(filter(None, (environment.get("NODE_OPTIONS"), inspect)))
    made = replace(service, replicas=1, health=replace(service.health, live=None), environment=environment)
    return replace(project, services={**project.services, service.name: made})


@contextmanager
def attachable(engine: Engine, project: str, debugger: Debugger) -> Iterator[None]:
    """For the block, the debugger's port on this machine's loopback leads to the one in the container."""
    gateway, container = labels.container(project, "gateway"), labels.container(project, debugger.service, 1)
    try:
        with forward(engine, gateway, container, debugger.port, here=debugger.port):
            yield
    except OSError as exc:
        if exc.errno != errno.EADDRINUSE:
            raise
        raise UsageError(
            f"port {debugger.port} of this machine, where editors look for the debugger, is taken",
            "end what listens there, such as another 'msctl dev --debug'",
        ) from exc


def configuration(project: Project, debugger: Debugger) -> dict[str, object]:
    """The debugger as an entry of VS Code's ``launch.json``; other editors ask for the same."""
    build = project.services[debugger.service].build or Path()
    dockerfile = read_context(project.folder / build).dockerfile
    roots = {
        "localRoot": f"${{workspaceFolder}}/{build.as_posix()}",
        "remoteRoot": working_folder(dockerfile) or _USUAL_FOLDER,
    }
    made: dict[str, object] = {"name": debugger.service, "type": debugger.kind, "request": "attach"}
    if debugger.kind == "node":
        return {**made, "port": debugger.port, **roots, "restart": True}
    return {**made, "connect": {"host": "127.0.0.1", "port": debugger.port}, "pathMappings": [roots]}
