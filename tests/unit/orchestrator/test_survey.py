"""One reading of reality as the planner needs it."""

from __future__ import annotations

import pytest

from msctl.engine.port import Identity
from msctl.errors import EngineError, RegistryError
from msctl.model.desired import Desired
from msctl.orchestrator.delivered import Delivered
from msctl.orchestrator.survey import closer, situation, survey
from msctl.plan.confighash import content_digest
from msctl.registry.client import Registry
from tests.unit.orchestrator.conftest import UpCase
from tests.unit.orchestrator.stage import FakeAccess, Stage
from tests.unit.plan.projects import desired, shop

WANTED: Desired = desired(shop())


def test_engine_and_registry_are_read(stage: Stage, up: UpCase) -> None:
    up(shop())
    found = survey(stage.engine, stage.access(), "shop")
    seen = situation(
        found, WANTED, Delivered(stage.engine, found.observed, stage.workspace), frozenset({"shop/web:one"})
    )
    assert set(seen.registered or ()) == set(stage.registry.held)
    entered_by_the_agent = {"shop-metrics"}
    assert {c.name for c in seen.observed.containers} - entered_by_the_agent == seen.healthy
    assert seen.images == {"shop/web:one"}


def test_closer_tells_what_only_an_inspection_knows_and_leaves_out_what_is_gone(
    stage: Stage, up: UpCase
) -> None:
    up(shop())
    stage.engine.crash("shop-web-1", 3)
    found = survey(stage.engine, stage.access(), "shop")
    assert {c.exit_code for c in found.observed.containers} == {None}
    stage.engine.remove_container(Identity("shop", "here"), "shop-orders-2")
    near = closer(stage.engine, found)
    assert near.observed.container("shop-web-1").exit_code == 3  # type: ignore[union-attr]
    missing = {c.name for c in found.observed.containers} - {c.name for c in near.observed.containers}
    assert missing == {"shop-orders-2"}
    assert near.entries == found.entries
    inspected = {c.name for c in near.observed.containers if c.started_at is not None}
    assert {"shop-orders-1", "shop-web-1"} <= inspected
    assert not {"shop-registry", "shop-orders-db"} & inspected  # they are well: nothing more to tell of them


def test_digests_are_those_of_live_files(stage: Stage, up: UpCase) -> None:
    up(shop())
    found = survey(stage.engine, stage.access(), "shop")
    digests = situation(
        found, WANTED, Delivered(stage.engine, found.observed, stage.workspace), frozenset()
    ).digests
    databases = {"shop-orders-db", "shop-inventory-db", "shop-notifications-db"}
    assert set(digests) == {"shop-gateway", "shop-broker", *databases}
    assert set(digests["shop-gateway"]) == {"gateway.yaml"}
    wrong = next(s for s in WANTED.containers if s.role == "gateway").secrets[0]
    assert digests["shop-gateway"]["gateway.yaml"] != content_digest(wrong.content)


def test_a_registry_that_does_not_answer_is_not_an_empty_one(stage: Stage, up: UpCase) -> None:
    up(shop())
    stage.engine.crash("shop-registry", 1)
    found = survey(stage.engine, stage.access(), "shop")
    assert found.entries is None
    assert (
        situation(
            found, WANTED, Delivered(stage.engine, found.observed, stage.workspace), frozenset()
        ).registered
        is None
    )


@pytest.mark.parametrize("error", [EngineError("no tunnel"), RegistryError("403")])
def test_a_way_to_the_registry_that_cannot_be_opened_is_the_same(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def closed(_: FakeAccess) -> Registry:
        raise error

    monkeypatch.setattr(FakeAccess, "registry", closed)
    assert survey(stage.engine, stage.access(), "shop").entries is None
