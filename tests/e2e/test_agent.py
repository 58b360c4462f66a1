"""The catalog says what runs, whatever happens behind msctl's back."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

import pytest

from tests.e2e.catalog import enter, entries, statuses
from tests.e2e.chaos import catalog_is_true, empty_registry, misfortunes, settle
from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import containers, docker, running
from tests.e2e.manifests import declare, make_small
from tests.integration.waiting import eventually

pytestmark = pytest.mark.e2e

_BUSY_MACHINE = 90.0


@pytest.fixture(scope="module")
def pair(images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """Two services, one of them with two instances."""
    checkout = make_small(tmp_path_factory.mktemp("agent") / "pair")
    declare(checkout, {"web": {"replicas": 2}, "other": {}})
    try:
        checkout.msctl("up").good()
        yield checkout
    finally:
        checkout.sweep()


@pytest.fixture(autouse=True)
def whole(pair: Checkout) -> None:
    """Each test begins with everything well."""
    pair.msctl("up").good()
    eventually(lambda: catalog_is_true(pair), timeout=_BUSY_MACHINE)


def test_the_agent_alone_has_the_engines_socket_and_publishes_nothing(pair: Checkout) -> None:
    found = containers(pair.project)
    holders = {n for n, c in found.items() if any(m["Source"].endswith("docker.sock") for m in c["Mounts"])}
    assert holders == {pair.name("agent")}
    assert not found[pair.name("agent")]["NetworkSettings"]["Ports"]


def test_a_killed_container_comes_back_by_itself(pair: Checkout) -> None:
    docker("kill", pair.name("web-1"))
    eventually(lambda: running(pair.name("web-1")))
    eventually(lambda: catalog_is_true(pair), timeout=_BUSY_MACHINE)


def test_a_stopped_container_leaves_the_catalog_and_stays_down(pair: Checkout) -> None:
    docker("stop", "--time", "0", pair.name("web-1"))
    eventually(lambda: pair.name("web-1") not in entries(pair.project))
    docker("kill", pair.name("web-2"))
    eventually(lambda: running(pair.name("web-2")))
    assert not running(pair.name("web-1"))


def test_one_that_hangs_is_restarted(pair: Checkout) -> None:
    before = containers(pair.project)[pair.name("other-1")]["State"]["StartedAt"]
    docker("exec", pair.name("other-1"), "sh", "-c", "kill -STOP -1")
    eventually(
        lambda: containers(pair.project)[pair.name("other-1")]["State"]["StartedAt"] != before,
        timeout=_BUSY_MACHINE,
    )
    eventually(lambda: catalog_is_true(pair), timeout=_BUSY_MACHINE)


def test_what_was_removed_leaves_no_ghost(pair: Checkout) -> None:
    docker("rm", "--force", pair.name("web-2"))
    eventually(lambda: pair.name("web-2") not in entries(pair.project))


def test_a_consul_that_lost_everything_learns_it_again(pair: Checkout) -> None:
    empty_registry(pair)
    eventually(lambda: catalog_is_true(pair), timeout=_BUSY_MACHINE)


def test_what_happened_while_the_agent_was_away_is_repaired(pair: Checkout) -> None:
    docker("stop", "--time", "0", pair.name("agent"))
    docker("rm", "--force", pair.name("web-2"))
    docker("restart", "--time", "0", pair.name("other-1"))
    docker("start", pair.name("agent"))
    eventually(lambda: catalog_is_true(pair), timeout=_BUSY_MACHINE)


def _management_token(checkout: Checkout) -> str:
    credentials = json.loads((checkout.folder / ".msctl" / "credentials.json").read_text())
    return str(credentials["registry/management"])


def _chaos(pair: Checkout, steps: int, dice: random.Random) -> None:
    enter(pair.project, "stranger", "stranger", _management_token(pair))
    happened = misfortunes(pair, steps, dice)
    settle(pair)
    known = entries(pair.project).keys() & {"stranger"}  # Consul may have forgotten it with everything else
    eventually(lambda: catalog_is_true(pair), timeout=_BUSY_MACHINE)
    assert ("forget" in happened) or known, happened


def test_after_some_misfortunes_the_catalog_is_true(pair: Checkout) -> None:
    _chaos(pair, 12, random.Random(20261125))


@pytest.mark.long
def test_after_two_hundred_misfortunes_the_catalog_is_true(pair: Checkout) -> None:
    for _ in range(10):
        _chaos(pair, 20, random.Random())
    assert set(statuses(pair.project).values()) == {"passing"}
