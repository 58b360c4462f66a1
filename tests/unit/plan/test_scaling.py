"""How many instances were asked for, and for how long that holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from msctl.errors import UsageError
from msctl.plan.needs import with_needs
from msctl.plan.scaling import parse, remembered, scaled
from tests.unit.plan.projects import project, service, shop, with_service


def test_numbers_are_read() -> None:
    assert parse(["orders=4", "web=0"], shop()) == {"orders": 4, "web": 0}


@pytest.mark.parametrize("word", ["orders", "orders=", "orders=x", "orders=-1", "orders=101", "ordres=2"])
def test_what_says_no_number_of_a_service_is_refused(word: str) -> None:
    with pytest.raises(UsageError):
        parse([word], shop())


def test_an_external_service_is_not_scaled() -> None:
    declared = project(replace(service("bank"), build=None, external="http://bank:80"))
    with pytest.raises(UsageError, match="external"):
        parse(["bank=2"], declared)


def test_a_number_holds_until_the_manifests_own_changes() -> None:
    kept = remembered({}, {"orders": 4}, shop())
    assert scaled(shop(), kept).services["orders"].replicas == 4
    assert scaled(with_service(shop(), "orders", replicas=3), kept).services["orders"].replicas == 3


def test_going_back_to_the_manifests_number_is_forgetting() -> None:
    kept = remembered({"web": "2 1"}, {"orders": 4}, shop())
    assert remembered(kept, {"orders": shop().services["orders"].replicas}, shop()) == {"web": "2 1"}


def test_what_is_no_number_is_no_wish() -> None:
    assert scaled(shop(), {"orders": "many 2", "gone": "3 1"}) == shop()


def test_a_service_needs_those_it_calls() -> None:
    declared = project(
        service("a", calls={"b": None}), service("b", calls={"c": None}), service("c"), service("d")
    )
    assert with_needs(declared, ["a"]) == {"a", "b", "c"}
    assert with_needs(declared, ["d", "c"]) == {"c", "d"}
    with pytest.raises(UsageError):
        with_needs(declared, ["e"])
