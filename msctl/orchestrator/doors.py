"""Who gets which token for Consul, as the manifest says."""

from __future__ import annotations

from msctl.model.project import Project
from msctl.orchestrator.access import Access
from msctl.plan.expand import Credentials
from msctl.registry import acl
from msctl.registry.acl import Party, admit_patiently

ENTERED_ROLES = ("gateway", "auth", "broker", "agent", "observer", "metrics")
"""Parts of the platform that have entries, under these names."""

_PATIENCE = 15.0


def parties(project: Project, credentials: Credentials) -> tuple[Party, ...]:
    """Everybody who talks to Consul, but for whoever holds this checkout."""
    tokens = {name: token.reveal() for name, token in credentials.registry.items()}
    services = (acl.service(name, tokens[name]) for name in project.services)
    agent = acl.agent(tokens["agent"], (*project.services, *ENTERED_ROLES))
    metrics = (acl.metrics(tokens["metrics"]),) if project.platform.metrics else ()
    platform = (acl.gateway(tokens["gateway"]), acl.auth(tokens["auth"]), *metrics, agent)
    return (acl.nobody(), *platform, *services)


def open_doors(access: Access, wanted: tuple[Party, ...]) -> None:
    """Let everybody in who should be; the others stay until their entries are gone."""
    admit_patiently(access.registry().doors, wanted, seconds=_PATIENCE)


def close_doors(access: Access, wanted: tuple[Party, ...]) -> None:
    """Take back the tokens of whoever is not wanted any more."""
    access.registry().doors.dismiss_others(wanted)
