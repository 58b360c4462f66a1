"""The engine itself is restarted: the status is true, ``up`` converges, no data is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e.checkout import Checkout, new_project
from tests.e2e.databases import redis
from tests.e2e.manifests import declare, make_small
from tests.e2e.second_engine import SecondEngine, missing, second_engine

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.long,
    pytest.mark.skipif(missing() is not None, reason=str(missing())),
]

_SERVICES = {"web": {"build": "ledger", "database": "redis"}}


@pytest.fixture(scope="module")
def engine(images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecondEngine]:
    """A second engine with the images that the project needs."""
    checkout = make_small(tmp_path_factory.mktemp("listing") / "listing")
    listed = json.loads(checkout.msctl("images", "list", "--json").good().stdout)
    wanted = [row["reference"] for row in listed if row["role"] in {"runtime", "registry", "redis"}]
    with second_engine(tmp_path_factory.mktemp("engine"), new_project()) as made:
        made.take(wanted)
        yield made


@pytest.fixture
def project(engine: SecondEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Checkout]:
    """A project with a key in its database, up on the second engine."""
    monkeypatch.setenv("DOCKER_HOST", engine.host)
    checkout = replace(make_small(tmp_path / "project"), enter=engine.enter, docker_host=engine.host)
    declare(checkout, _SERVICES)
    try:
        checkout.msctl("up").good()
        redis(checkout, "web", "SET", "kept", "42")
        yield checkout
    finally:
        checkout.sweep()


def test_status_says_that_the_engine_is_away(engine: SecondEngine, project: Checkout) -> None:
    engine.stop()
    try:
        assert project.msctl("status").exit_code == 3
    finally:
        engine.start()


def test_up_converges_and_the_data_is_there(engine: SecondEngine, project: Checkout) -> None:
    engine.stop()
    engine.start()
    project.msctl("up").good()
    assert project.msctl("status", "--json").good().json()["healthy"]
    assert redis(project, "web", "GET", "kept") == "42"
