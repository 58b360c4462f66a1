"""Services that run elsewhere: where they are and how they are asked, as the agent gets to know it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from msctl import labels
from msctl.model.desired import Probe
from msctl.model.project import Project, Service

_HTTP_PORT = 80


@dataclass(frozen=True, slots=True)
class External:
    """The one entry of a ``service`` that msctl does not run; ``host`` may be a name or an address."""

    id: str
    service: str
    host: str
    port: int
    probe: Probe


def externals(project: Project) -> tuple[External, ...]:
    """Those that ``project`` declares."""
    found = (external(project.name, service) for service in project.services.values())
    return tuple(one for one in found if one is not None)


def external(project: str, service: Service) -> External | None:
    """Where ``service`` runs, ``None`` for one of our own."""
    if service.external is None:
        return None
    parts = urlsplit(service.external)
    port = parts.port or _HTTP_PORT
    asked = service.health
    return External(
        id=labels.external(project, service.name),
        service=service.name,
        host=parts.hostname or "",
        port=port,
        probe=Probe("http", port, asked.path, (), asked.interval, asked.timeout),
    )


def render(found: Iterable[External]) -> str:
    """As the text of a file."""
    return json.dumps([asdict(one) for one in found], sort_keys=True)


def parse(text: str) -> tuple[External, ...]:
    """The inverse of ``render``; raises ``ValueError``, ``KeyError`` or ``TypeError`` for another text."""
    return tuple(External(**{**values, "probe": _probe(values["probe"])}) for values in json.loads(text))


def _probe(values: dict[str, object]) -> Probe:
    kind, command = values["kind"], values["command"]
    if kind != "http" or command:
        raise ValueError(f"an external service is not asked by {kind!r}")
    path, port = str(values["path"]), int(str(values["port"]))
    return Probe("http", port, path, (), float(str(values["interval"])), float(str(values["timeout"])))
