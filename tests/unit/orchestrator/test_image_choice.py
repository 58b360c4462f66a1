"""Which image each container is made from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from msctl import labels
from msctl.engine.images.roles import Wanted
from msctl.errors import StartFailed
from msctl.events import NullSink
from msctl.model.observed import Observed, ObservedVolume
from msctl.model.project import Database, Project
from msctl.orchestrator.image_choice import ChosenImages, choose
from tests.unit.orchestrator.stage import FakeImages
from tests.unit.plan.projects import project, service, shop, with_service

LOGS = Path("logs")


@pytest.fixture
def store() -> FakeImages:
    return FakeImages()


def test_roles_and_databases_are_asked_for(store: FakeImages) -> None:
    chosen = choosing(store, shop())
    assert [w.role for w in store.asked] == [
        *("runtime", "registry", "broker", "metrics", "postgres", "mariadb", "redis")
    ]
    assert set(chosen.bases) == {"runtime"}
    assert set(chosen.roles) == {"runtime", "registry", "broker", "metrics"}
    assert {name: fact.reference for name, fact in chosen.databases.items()} == {
        "orders": "msctl/postgres:1",
        "inventory": "msctl/mariadb:1",
        "notifications": "msctl/redis:1",
    }


def test_a_declared_version_is_asked_for(store: FakeImages) -> None:
    choosing(store, with_service(shop(), "orders", database=Database("postgres", version="16")))
    assert Wanted("postgres", "16") in store.asked


@pytest.mark.parametrize("kind", ["official", "recipe"])
def test_data_that_exists_pins_the_kind_of_image_that_made_it(store: FakeImages, kind: str) -> None:
    service_marks = {labels.ROLE: "database", labels.SERVICE: "orders"}
    instance_marks = {labels.ROLE: "service", labels.SERVICE: "orders"}
    broker_marks = {labels.ROLE: "broker"}
    volumes = (
        ObservedVolume("shop-broker-data", {**broker_marks, labels.IMAGE_KIND: f"{kind} 4"}),
        ObservedVolume("shop-broker-secrets", broker_marks),
        ObservedVolume("shop-orders-1-secrets", instance_marks),
        ObservedVolume("shop-orders-data", {**service_marks, labels.IMAGE_KIND: f"{kind} 17"}),
        ObservedVolume("shop-orders-db-secrets", service_marks),
    )
    choosing(store, shop(), Observed("shop", volumes=volumes))
    kinds = {w.role: w.kind for w in store.asked}
    assert (kinds["postgres"], kinds["broker"], kinds["mariadb"]) == (kind, kind, None)


def test_a_built_service_is_named_by_its_content_and_built_later(store: FakeImages) -> None:
    store.content["web"] = "two"
    chosen = choosing(store, shop())
    assert chosen.services["web"].reference == "shop/web:two"
    assert chosen.present == frozenset()
    store.built.add("shop/web:two")
    assert choosing(store, shop()).present == {"shop/web:two"}


def test_a_named_image_is_obtained(store: FakeImages) -> None:
    chosen = choosing(store, project(service("proxy", build=None, image="proxy:1")))
    assert (chosen.services["proxy"].reference, chosen.services["proxy"].identity) == (
        "proxy:1",
        "id-proxy:1",
    )


def test_every_named_image_that_cannot_be_had_gets_a_card(store: FakeImages) -> None:
    store.missing |= {"proxy:1", "cache:2"}
    named = [
        service(name, build=None, image=image) for name, image in (("proxy", "proxy:1"), ("hot", "cache:2"))
    ]
    with pytest.raises(StartFailed) as caught:
        choosing(store, project(*named))
    assert [(c.subject, c.next_command) for c in caught.value.cards] == [
        ("proxy", "docker pull proxy:1"),
        ("hot", "docker pull cache:2"),
    ]


def test_external_services_need_no_image(store: FakeImages) -> None:
    outside = replace(service("mail"), build=None, external="http://mail.example")
    assert choosing(store, project(outside)).services == {}


def choosing(store: FakeImages, declared: Project, observed: Observed | None = None) -> ChosenImages:
    return choose(store, declared, observed or Observed("shop"), NullSink(), LOGS)
