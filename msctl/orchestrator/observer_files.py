"""What agent and observer find under /run/secrets: their token, and the secrets to take out of logs."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable

from msctl.model.desired import SecretFile
from msctl.model.project import Project
from msctl.model.secret import Secret
from msctl.orchestrator.known_secrets import known_secrets
from msctl.orchestrator.observer_topology import topology
from msctl.orchestrator.workspace import Workspace

FILE = "observer.json"
TOKEN = "observer_token"  # noqa: S105 - a file's name
KNOWN_SECRETS = "known_secrets"
TOPOLOGY = "topology.json"


def observer_token(workspace: Workspace) -> str | None:
    """What this checkout shows to the observer; none before the first ``up``."""
    return workspace.read(FILE).get("token")


def observer_files(
    workspace: Workspace, project: Project, draw: Callable[[], str] = lambda: secrets.token_urlsafe(24)
) -> dict[str, tuple[SecretFile, ...]]:
    """By role; the token is made at first use and kept."""
    token = observer_token(workspace)
    if token is None:
        token = draw()
        workspace.write(FILE, {"token": token})
    known = json.dumps(sorted({*known_secrets(workspace, project), token}))
    shown = SecretFile(TOKEN, Secret(token))
    declared = SecretFile(TOPOLOGY, Secret(json.dumps(topology(project))), live=True)
    return {
        "observer": (shown, declared),
        "agent": (shown, SecretFile(KNOWN_SECRETS, Secret(known), live=True)),
    }
