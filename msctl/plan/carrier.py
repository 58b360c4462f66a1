"""Secrets that are put into their volumes before the containers are made, and what may be left of that."""

from __future__ import annotations

from collections.abc import Mapping

from msctl import labels
from msctl.model.desired import Desired
from msctl.plan.decide import Decision
from msctl.plan.operations import FillSecrets, RemoveContainer
from msctl.plan.situation import Situation

ENOUGH = 2
"""A single container gets its secrets when it is created."""


def carried(
    desired: Desired, decisions: Mapping[str, Decision], situation: Situation
) -> tuple[FillSecrets, ...]:
    """The secrets of containers that can be made at once; who has to be built first has no image yet."""
    built = {b.reference for b in desired.builds if b.reference not in situation.images}
    missing = [s for s in desired.containers if s.secrets and decisions[s.name].action == "create"]
    specs = tuple(s for s in missing if s.image not in built)
    if len(specs) < ENOUGH:
        return ()
    return (FillSecrets(subject=desired.project, specs=specs, reason="before they are created"),)


def forgotten(situation: Situation) -> list[RemoveContainer]:
    """What a killed command left in the way of others: it holds the volumes of their secrets."""
    found = (c for c in situation.observed.containers if c.role == labels.CARRIER)
    return [RemoveContainer(subject=c.name, grace=0.0, reason="left by a command that ended") for c in found]
