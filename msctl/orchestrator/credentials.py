"""Generated passwords: made once, kept in the workspace, handed out as secrets."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from msctl.broker.permissions import PLATFORM_USER
from msctl.model.project import Project
from msctl.model.secret import Secret
from msctl.orchestrator.workspace import Workspace
from msctl.plan.expand import Credentials

FILE = "credentials.json"


def _generate() -> str:
    return secrets.token_urlsafe(24)


@dataclass(frozen=True, slots=True)
class CredentialStore:
    """Reads and completes the workspace's credentials; ``generate`` makes one password."""

    workspace: Workspace
    generate: Callable[[], str] = _generate

    def load(self, project: Project) -> tuple[Credentials, Mapping[str, Secret]]:
        """Every password ``project`` needs, by service, and those of broker users by user name."""
        kept = self.workspace.read(FILE)
        complete = completed(kept, project, self.generate)
        if complete != kept:
            self.workspace.write(FILE, complete)
        return grouped(complete, project), _group(complete, "broker")


def platform_password(workspace: Workspace) -> Secret | None:
    """The password of the broker's platform user, if there is one yet."""
    value = workspace.read(FILE).get(f"broker/{PLATFORM_USER}")
    return None if value is None else Secret(value)


def completed(kept: Mapping[str, str], project: Project, generate: Callable[[], str]) -> dict[str, str]:
    """``kept`` with a password for each name that ``project`` needs and that has none."""
    return {**kept, **{name: generate() for name in _needed(project) if name not in kept}}


def grouped(values: Mapping[str, str], project: Project) -> Credentials:
    """The credentials of ``project``'s services, by kind."""
    by_kind = {kind: _group(values, kind) for kind in ("database", "superuser", "broker")}
    services = set(project.services)
    return Credentials(
        **{kind: {s: v for s, v in found.items() if s in services} for kind, found in by_kind.items()}
    )


def _group(values: Mapping[str, str], kind: str) -> dict[str, Secret]:
    prefix = f"{kind}/"
    return {name.removeprefix(prefix): Secret(v) for name, v in values.items() if name.startswith(prefix)}


def _needed(project: Project) -> list[str]:
    names = []
    for service in project.services.values():
        if service.database is not None:
            names += [f"database/{service.name}", f"superuser/{service.name}"]
        if service.publishes or service.subscribes:
            names.append(f"broker/{service.name}")
    return [*names, f"broker/{PLATFORM_USER}"] if project.uses_broker else names
