"""Tokens for the exam: one that allows everything, one that lacks what the examined path wants."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files

from msctl import labels
from msctl.engine.port import Engine
from msctl.model.project import Project, Service
from msctl.orchestrator.access import Access
from msctl.orchestrator.token_admin import TokenAdmin

_TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Tokens:
    """``full`` is accepted by the service's own path; ``lesser`` is genuine and lacks its scope."""

    full: str
    lesser: str | None = None


def wanted_scopes(project: Project, service: Service, method: str = "GET") -> tuple[str, ...]:
    """The scopes that the route to the service's own path asks for."""
    for route in project.gateway.routes:
        if route.service == service.name and (not route.methods or method in route.methods):
            return route.scopes
    return ()


def tokens(engine: Engine, access: Access, project: Project, service: Service) -> Tokens | None:
    """Tokens for a service whose own path wants one, got as the gateway gets them."""
    wanted = wanted_scopes(project, service)
    if not wanted or not set(wanted) <= set(service.scopes):
        return None
    known = [scope for scope in service.scopes if scope in _offered(project)]
    others = [scope for scope in known if scope not in wanted]
    asked = {
        "subject_token": TokenAdmin(access).issue({}),
        "audience": service.name,
        "scopes": [" ".join(known), *others[:1]],
    }
    source = (files("msctl.agent") / "exchanging.py").read_text(encoding="utf-8")
    gateway = labels.container(project.name, "gateway")
    done = engine.execute(
        gateway, ["python", "-c", source], timeout=_TIMEOUT, stdin=json.dumps(asked).encode()
    )
    found: list[str | None] = json.loads(done.output) if done.exit_code == 0 else [None]
    full, lesser = found[0], next(iter(found[1:]), None)
    return Tokens(full, lesser) if full else None


def _offered(project: Project) -> set[str]:
    """What the operator's token allows: every scope that a route asks for."""
    return {scope for route in project.gateway.routes for scope in route.scopes}
