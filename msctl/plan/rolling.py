"""Which services are updated while they serve, and by which instance the new version shows itself first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from msctl import labels
from msctl.model.desired import ContainerSpec, Desired
from msctl.plan.decide import Decision
from msctl.plan.operations import Judge, Operation, Rolling
from msctl.plan.situation import Situation


def rollings(
    desired: Desired, decisions: Mapping[str, Decision], situation: Situation
) -> tuple[tuple[Rolling, ...], tuple[ContainerSpec, ...]]:
    """The rolling updates, and the containers they need beyond those of ``desired``.

    A service rolls when a well instance of it has to be made anew. A missing instance goes first; where
    none is missing there is one more for as long as the update takes.
    """
    registry = decisions.get(labels.container(desired.project, "registry"))
    if registry is not None and registry.action != "keep":
        return (), ()  # it has to come first, and goes only once nobody is entered in it
    found = [_rolling(name, specs, decisions, situation) for name, specs in _by_service(desired).items()]
    known = [(rolling, specs) for rolling, specs in found if rolling is not None]
    surges = [_surge(situation, specs) for rolling, specs in known if rolling.surge]
    return tuple(rolling for rolling, _ in known), tuple(surges)


def first_ones_first(specs: Iterable[ContainerSpec], rolling: Iterable[Rolling]) -> list[ContainerSpec]:
    """``specs`` with the first instance of each rolling update before its siblings."""
    first = {r.first for r in rolling}
    return sorted(specs, key=lambda spec: spec.role == "service" and spec.name not in first)


def judgements(rolling: Iterable[Rolling]) -> Iterator[Operation]:
    """The first instance of each is watched before its siblings go."""
    for found in rolling:
        rotation = (f"register {found.first}", f"await registration of {found.first}")
        yield Judge(
            subject=found.first, service=found.service, reason="the first of its version", after=rotation
        )


def _rolling(
    service: str, specs: Sequence[ContainerSpec], decisions: Mapping[str, Decision], situation: Situation
) -> tuple[Rolling | None, Sequence[ContainerSpec]]:
    serving = [s for s in specs if decisions[s.name].action == "recreate" and s.name in situation.healthy]
    if not serving:
        return None, specs
    missing = [s for s in specs if decisions[s.name].action == "create"]
    first = missing[0].name if missing else _surge(situation, specs).name
    return Rolling(service, first, surge=not missing), specs


def _by_service(desired: Desired) -> dict[str, list[ContainerSpec]]:
    found: dict[str, list[ContainerSpec]] = {}
    for spec in desired.containers:
        if spec.role == "service" and spec.service is not None:
            found.setdefault(spec.service, []).append(spec)
    return found


def _surge(situation: Situation, specs: Sequence[ContainerSpec]) -> ContainerSpec:
    """One more instance under a number that nobody has, the same but for its name."""
    last = specs[-1]
    held = [c.instance or 0 for c in situation.observed.containers if c.service == last.service]
    number = max(len(specs), *held, 0) + 1
    name = labels.container(situation.observed.project, last.service or "", number)
    environment = {key: name if value == last.name else value for key, value in last.environment.items()}
    return replace(last, name=name, instance=number, hostname=name, environment=environment)
