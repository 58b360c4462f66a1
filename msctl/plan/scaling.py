"""How many instances were asked for by ``scale``, over what the manifest says; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from msctl.errors import UsageError
from msctl.model.project import Project

MOST = 100


def parse(words: Sequence[str], project: Project) -> dict[str, int]:
    """``orders=4`` and the like; raises ``UsageError`` for what cannot be scaled so."""
    wanted = {}
    for word in words:
        name, separator, number = word.partition("=")
        if not separator or not number.isdecimal() or int(number) > MOST:
            raise UsageError(f"'{word}' does not say how many", f"write SERVICE=NUMBER, at most {MOST}")
        service = project.services.get(name)
        if service is None:
            raise UsageError(f"there is no service '{name}'", f"there are: {', '.join(project.services)}")
        if service.external is not None:
            raise UsageError(f"'{name}' is external: its instances are not msctl's", "scale it where it runs")
        wanted[name] = int(number)
    return wanted


def remembered(kept: Mapping[str, str], wanted: Mapping[str, int], project: Project) -> dict[str, str]:
    """``kept`` with what is wanted now: the number, and the manifest's own that it overrules.

    The manifest's own number needs no remembering.
    """
    texts = {name: f"{number} {project.services[name].replicas}" for name, number in wanted.items()}
    others = {name: text for name, text in kept.items() if name not in wanted}
    return others | {n: text for n, text in texts.items() if wanted[n] != project.services[n].replicas}


def scaled(project: Project, kept: Mapping[str, str]) -> Project:
    """``project`` with the numbers asked for; where the manifest's own number changed since, it counts."""
    services = dict(project.services)
    for name, text in kept.items():
        number, _, overruled = text.partition(" ")
        service = services.get(name)
        if service is not None and number.isdecimal() and overruled == str(service.replicas):
            services[name] = replace(service, replicas=int(number))
    return replace(project, services=services)
