"""Every secret that this checkout knows of, so that none of them is shown in a log."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from msctl.model.project import Project
from msctl.orchestrator.workspace import Workspace
from msctl.telemetry.loglines.redaction import SHORTEST

_SECRET_NAME = re.compile(r"passw(or)?d|secret|token|api_?key|private_?key|credential", re.IGNORECASE)


def known_secrets(workspace: Workspace, project: Project) -> frozenset[str]:
    """Generated credentials, and values of the manifest's variables whose names say that they are secret."""
    return frozenset(
        value for value in (*_generated(workspace), *_declared(project)) if len(value) >= SHORTEST
    )


def _generated(workspace: Workspace) -> Iterator[str]:
    """Strings of the workspace's JSON files; one that cannot be read now is the next command's trouble."""
    for path in sorted(workspace.folder.glob("*.json")):
        try:
            yield from _strings(json.loads(path.read_text()))
        except (OSError, ValueError):
            continue


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def _declared(project: Project) -> Iterator[str]:
    for service in project.services.values():
        yield from (v for name, v in service.environment.items() if _SECRET_NAME.search(name))
