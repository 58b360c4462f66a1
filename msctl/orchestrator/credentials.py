"""Generated passwords: made once, kept in the workspace, handed out as secrets.

What it takes to plan is imported only where passwords are handed out: most commands only read one.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msctl.auth.members import OPERATOR, client_names
from msctl.broker.permissions import PLATFORM_USER
from msctl.model.project import Project
from msctl.model.secret import Secret
from msctl.orchestrator.workspace import Workspace

if TYPE_CHECKING:
    from msctl.plan.expand import Credentials

FILE = "credentials.json"
MANAGEMENT = "management"
"""Whoever holds this checkout, as a party of Consul."""

_FORMER = "former"
_TURN = "turn"
"""Kept for services whose database is entered by the second of their two logins."""

PARTIES = (MANAGEMENT, "gateway", "auth", "agent", "metrics")
_TOKENS = uuid.UUID("51c7ad5c-98a1-4a35-8f66-3cb63b7ac5d9")


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

    def rotates(self, service: str) -> bool:
        """Whether the password of its database is being replaced."""
        return f"{_FORMER}/{service}" in self.workspace.read(FILE)

    def begin_rotation(self, service: str) -> None:
        """Make a new password for its database, beside which the present one stays valid."""
        kept = dict(self.workspace.read(FILE))
        kept[f"{_FORMER}/{service}"] = kept[f"database/{service}"]
        kept[f"database/{service}"] = self.generate()
        if kept.pop(f"{_TURN}/{service}", None) is None:
            kept[f"{_TURN}/{service}"] = "2"
        self.workspace.write(FILE, kept)

    def end_rotations(self, services: Collection[str]) -> bool:
        """Give up the former passwords of databases whose ``services`` have the new ones; were there any?"""
        kept = self.workspace.read(FILE)
        left = {f"{_FORMER}/{service}" for service in services} & kept.keys()
        if left:
            self.workspace.write(FILE, {name: value for name, value in kept.items() if name not in left})
        return bool(left)


def platform_password(workspace: Workspace) -> Secret | None:
    """The password of the broker's platform user, if there is one yet."""
    value = workspace.read(FILE).get(f"broker/{PLATFORM_USER}")
    return None if value is None else Secret(value)


def completed(kept: Mapping[str, str], project: Project, generate: Callable[[], str]) -> dict[str, str]:
    """``kept`` with a password for each name that ``project`` needs and that has none."""
    return {**kept, **{name: _made(name, generate) for name in _needed(project) if name not in kept}}


def management_token(workspace: Workspace) -> str | None:
    """The token that this checkout administers Consul with; None before the first ``up``, or when lost."""
    return workspace.read(FILE).get(f"registry/{MANAGEMENT}")


def operator_secret(workspace: Workspace) -> str | None:
    """What this checkout shows to auth's admin endpoints."""
    return client_secret(workspace, OPERATOR)


def client_secret(workspace: Workspace, client: str) -> str | None:
    """The generated secret of a client of the token endpoint."""
    return workspace.read(FILE).get(f"clients/{client}")


def _made(name: str, generate: Callable[[], str]) -> str:
    """Consul's tokens have to be UUIDs."""
    return str(uuid.uuid5(_TOKENS, generate())) if name.startswith("registry/") else generate()


def grouped(values: Mapping[str, str], project: Project) -> Credentials:
    """The credentials of ``project``'s services, by kind."""
    from msctl.plan.expand import Credentials  # noqa: PLC0415

    services, clients = set(project.services), set(client_names(project))
    parties = {*services, *PARTIES}

    def of(kind: str, names: set[str]) -> dict[str, Secret]:
        return {name: value for name, value in _group(values, kind).items() if name in names}

    return Credentials(
        database=of("database", services),
        superuser=of("superuser", services),
        broker=of("broker", services),
        registry=of("registry", parties),
        clients=of("clients", clients),
        former=of(_FORMER, services),
        second=frozenset(of(_TURN, services)),
    )


def _group(values: Mapping[str, str], kind: str) -> dict[str, Secret]:
    prefix = f"{kind}/"
    return {name.removeprefix(prefix): Secret(v) for name, v in values.items() if name.startswith(prefix)}


def _needed(project: Project) -> list[str]:
    names = [f"registry/{party}" for party in (*PARTIES, *project.services)]
    clients = client_names(project) if project.uses_auth else (OPERATOR,)
    names += [f"clients/{client}" for client in clients]
    for service in project.services.values():
        if service.database is not None:
            names += [f"database/{service.name}", f"superuser/{service.name}"]
        if service.publishes or service.subscribes:
            names.append(f"broker/{service.name}")
    return [*names, f"broker/{PLATFORM_USER}"] if project.uses_broker else names
