"""What the agent must know of a container, on its label and back."""

from __future__ import annotations

import pytest

from msctl.model.desired import ContainerSpec, Probe, Registration
from msctl.model.upkeep import Upkeep, decode, encode, upkeep_of

FULL = Upkeep(
    Registration("orders", 8000, ("v1",)),
    False,
    Probe("http", 8000, "/readyz", interval=1.5),
    Probe("http", 8000, "/livez"),
)


@pytest.mark.parametrize("upkeep", [FULL, Upkeep(self_registers=True), Upkeep(probe=Probe("amqp", 5672))])
def test_it_survives_its_text(upkeep: Upkeep) -> None:
    assert decode(encode(upkeep) or "") == upkeep


def test_nothing_to_look_after_is_no_label() -> None:
    assert encode(Upkeep()) is None
    assert decode("") == Upkeep()


@pytest.mark.parametrize("text", ["{", "[]", '{"registration": 5}', '{"probe": {"kind": "x", "colour": 1}}'])
def test_what_is_not_understood_means_nothing(text: str) -> None:
    assert decode(text) == Upkeep()


def test_a_question_by_command_is_not_the_agents() -> None:
    database = ContainerSpec(
        "shop-orders-db", "database", "i", "i", probe=Probe("exec", command=("pg_isready",))
    )
    assert upkeep_of(database) == Upkeep()
