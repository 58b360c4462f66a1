"""A Consul that forgot its tokens is told again who may do what."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from msctl.agent.guarded import GuardedCatalog
from msctl.errors import RegistryRefused
from msctl.registry.acl import agent, nobody, parse, render
from msctl.registry.entry import FoundEntry
from tests.unit.agent.scene import FakeCatalog


@dataclass
class Forgetful(FakeCatalog):
    """Refuses everybody until somebody is admitted."""

    admitted: bool = False
    admissions: int = 0
    stubborn: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def admit(self) -> None:
        self.admissions += 1
        self.admitted = not self.stubborn

    def entries(self, project: str) -> tuple[FoundEntry, ...]:
        if not self.admitted:
            raise RegistryRefused("Consul refused: ACL not found")
        return super().entries(project)


def test_who_is_refused_is_admitted_and_asks_again() -> None:
    inner = Forgetful()
    assert GuardedCatalog(inner, inner.admit).entries("shop") == ()
    assert inner.admissions == 1


def test_a_refusal_for_good_is_tried_once_a_second() -> None:
    inner, now = Forgetful(stubborn=True), [0.0]
    catalog = GuardedCatalog(inner, inner.admit, clock=lambda: now[0])
    for moment in (0.0, 0.1, 0.9, 1.0, 1.5):
        now[0] = moment
        with pytest.raises(RegistryRefused):
            catalog.entries("shop")
    assert inner.admissions == 2


def test_parties_survive_their_file() -> None:
    wanted = (nobody(), agent("5f3b8a52-2f5f-4f0a-9d3e-7f7a1c0d9e11", ("orders", "gateway")))
    assert parse(render(wanted)) == wanted
