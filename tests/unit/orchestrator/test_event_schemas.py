"""Schemas of a project: what is wrong with them, and whom a change breaks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from msctl import labels
from msctl.broker.event_schemas import EventDataInvalid
from msctl.errors import ManifestInvalid
from msctl.model.observed import Observed, ObservedContainer
from msctl.model.project import Project
from msctl.orchestrator.event_schemas import ByType, event_schemas, require_compatible, running_schemas
from tests.unit.broker.declaring import SHOP

OLD = {"type": "object", "required": ["order", "sku"]}
NEW = {"type": "object", "required": ["order"]}


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    """The shop in a folder of its own."""
    return replace(SHOP, folder=tmp_path)


def write(project: Project, service: str, event_type: str, schema: Any) -> None:
    folder = project.folder / service / "events"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{event_type}.json").write_text(json.dumps(schema))


def running(schemas: dict[str, Any], service: str = "orders") -> Mapping[str, ByType]:
    marks = {labels.EVENT_SCHEMAS: json.dumps(schemas)}
    container = ObservedContainer(
        "1", f"shop-{service}-1", "service", service, 1, "running", "h", "here", "i", "i", marks
    )
    return running_schemas(Observed("shop", (container,)))


def test_schemas_are_read_by_service_and_kept_as_text(shop: Project) -> None:
    write(shop, "orders", "order.placed", OLD)
    found = event_schemas(shop)
    assert found.by_service == {"orders": {"order.placed": OLD}}
    assert json.loads(found.label_of("orders")) == {"order.placed": OLD}
    assert found.label_of("payments") == ""
    assert (found.errors, found.warnings) == ((), ())


def test_what_is_no_schema_is_an_error_and_a_stranger_a_warning(shop: Project) -> None:
    write(shop, "orders", "order.placed", [])
    write(shop, "orders", "order.plcaed", OLD)
    found = event_schemas(shop)
    assert [str(problem) for problem in found.warnings] == [
        "orders/events/order.plcaed.json:1:1: service 'orders' does not publish 'order.plcaed', "
        "it publishes: order.placed"
    ]
    with pytest.raises(ManifestInvalid) as caught:
        found.require_valid()
    assert [problem.file for problem in caught.value.problems] == ["orders/events/order.placed.json"]


def test_what_runs_as_it_stands_is_not_checked_again(shop: Project) -> None:
    odd = {"type": "no such type"}
    write(shop, "orders", "order.placed", odd)
    assert event_schemas(shop).errors != ()
    assert event_schemas(shop, running({"order.placed": OLD})).errors != ()
    assert event_schemas(shop, running({"order.placed": odd}, "payments")).errors != ()
    assert event_schemas(shop, running({"order.placed": odd})).errors == ()


def test_a_breaking_change_names_who_breaks(shop: Project) -> None:
    write(shop, "orders", "order.placed", NEW)
    with pytest.raises(ManifestInvalid) as caught:
        require_compatible(shop, event_schemas(shop), running({"order.placed": OLD}))
    (problem,) = caught.value.problems
    assert problem.what == (
        "the change of 'order.placed' breaks payments, mail: data.sku: was always there, may now be missing"
    )
    assert "order.placed.v2" in str(problem.hint)
    assert "--yes" in str(caught.value.hint)


def test_a_schema_that_is_gone_breaks_too(shop: Project) -> None:
    with pytest.raises(ManifestInvalid):
        require_compatible(shop, event_schemas(shop), running({"order.placed": OLD}))


@pytest.mark.parametrize(
    "before", [{}, {"order.placed": NEW}, {"audit.done": OLD}, {"gone.type": OLD}], ids=str
)
def test_a_safe_change_or_one_that_nobody_reads_breaks_nobody(shop: Project, before: dict[str, Any]) -> None:
    write(shop, "orders", "order.placed", OLD)
    require_compatible(shop, event_schemas(shop), running(before))
    require_compatible(shop, event_schemas(shop), running({"audit.done": OLD}, "audit"))


def test_data_published_by_hand_is_checked_like_the_services(shop: Project) -> None:
    write(shop, "orders", "order.placed", OLD)
    with pytest.raises(EventDataInvalid):
        event_schemas(shop).check("order.placed", {})
    event_schemas(shop).check("payment.captured", {})
