"""Two commands at once, of one checkout and of two."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from msctl import labels
from tests.e2e.checkout import Checkout
from tests.e2e.databases import postgres
from tests.e2e.engine_state import container_ids, containers, docker
from tests.e2e.manifests import declare, make_small
from tests.free_port import free_port
from tests.integration.waiting import eventually

pytestmark = pytest.mark.e2e

_LEDGER = {"web": {"build": "ledger", "database": "postgres"}}


@pytest.fixture
def twin(small: Checkout, tmp_path: Path) -> Iterator[Checkout]:
    """Another checkout with the same project name."""
    made = make_small(tmp_path / "twin")
    checkout = Checkout(made.folder, small.project, free_port())
    declare(checkout, {"web": {}})
    yield checkout
    checkout.sweep()


def _held(checkout: Checkout) -> bool:
    lock = checkout.workspace / "lock"
    return lock.exists() and "pid" in lock.read_text()


def test_the_second_up_of_a_checkout_says_who_holds_the_lock_and_status_needs_none(small: Checkout) -> None:
    with small.start("up") as first:
        eventually(lambda: _held(small))
        second = small.msctl("up")
        status = small.msctl("status", "--json")
        _, stderr = first.communicate(timeout=300.0)
    assert second.exit_code == 1
    assert str(first.pid) in second.stderr
    assert status.json()["project"] == small.project
    assert first.returncode == 0, stderr


def test_two_ups_of_a_checkout_make_everything_once(small: Checkout) -> None:
    ups = [small.start("up") for _ in range(2)]
    codes = []
    for process in ups:
        with process:
            process.communicate(timeout=300.0)
            codes.append(process.returncode)
    assert sorted(codes) == [0, 1]
    expected = {small.name(suffix) for suffix in ("registry", "gateway", "observer", "agent", "web-1")}
    assert set(containers(small.project)) == expected


@pytest.mark.long
def test_ten_times_two_updates_at_once_make_one(small: Checkout) -> None:
    """One does the work; the other is refused, or comes late enough to find nothing to do."""
    expected = {
        small.name(suffix) for suffix in ("registry", "gateway", "observer", "agent", "web-1", "web-2")
    }
    refused = 0
    for turn in range(10):
        declare(small, {"web": {"replicas": 2, "environment": {"TURN": str(turn)}}})
        codes = []
        for process in [small.start("up") for _ in range(2)]:
            with process:
                _, stderr = process.communicate(timeout=300.0)
            codes.append(process.returncode)
            refused += "pid" in stderr
        assert 0 in codes
        found = containers(small.project)
        assert set(found) == expected
        turns = {f"TURN={turn}" in found[small.name(f"web-{n}")]["Config"]["Env"] for n in (1, 2)}
        assert turns == {True}
        assert small.msctl("status", "--json").good().json()["healthy"]
    assert refused


def test_another_checkouts_project_is_left_alone(small: Checkout, twin: Checkout) -> None:
    small.msctl("up").good()
    before = container_ids(small.project)
    for command in (("up",), ("down",), ("down", "--volumes", "--yes")):
        outcome = twin.msctl(*command)
        assert outcome.exit_code == 1, command
        assert re.search(r"another checkout.*" + re.escape(str(small.folder)), outcome.stderr), command
        assert container_ids(small.project) == before, command


def test_adopting_takes_a_project_over_with_its_data(small: Checkout, twin: Checkout) -> None:
    declare(small, _LEDGER)
    small.msctl("up").good()
    postgres(small, "web", "CREATE TABLE kept AS SELECT 42 AS answer")
    declare(twin, _LEDGER)
    twin.msctl("up", "--adopt").good()
    origins = {c["Config"]["Labels"][labels.ORIGIN] for c in containers(twin.project).values()}
    assert len(origins) == 1
    assert origins.pop().endswith(str(twin.folder))
    assert postgres(twin, "web", "SELECT answer FROM kept") == "42"


def test_two_checkouts_that_race_make_no_network_twice(small: Checkout, twin: Checkout) -> None:
    racers = [small.start("up"), twin.start("up")]
    said = []
    for process in racers:
        with process:
            said.append(process.communicate(timeout=300.0)[1])
    networks = Counter(docker("network", "ls", "--format", "{{.Name}}").split())
    assert networks[small.project] <= 1
    assert all("Traceback" not in text and "stumbled" not in text for text in said), said


def test_one_of_two_racing_checkouts_can_go_on(small: Checkout, twin: Checkout) -> None:
    racers = [small.start("up"), twin.start("up")]
    for process in racers:
        with process:
            process.communicate(timeout=300.0)
    small.msctl("up", "--adopt").good()
    origins = {c["Config"]["Labels"][labels.ORIGIN] for c in containers(small.project).values()}
    assert len(origins) == 1
