"""``up`` after a change touches what changed, and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.e2e.catalog import entries, statuses
from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import container_ids, containers, docker
from tests.e2e.manifests import declare, make_small

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def pair(images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """Two services that each test changes further."""
    checkout = make_small(tmp_path_factory.mktemp("pair") / "pair")
    declare(checkout, {"web": {}, "other": {}})
    try:
        yield checkout
    finally:
        checkout.sweep()


def _changed(checkout: Checkout, before: dict[str, str]) -> set[str]:
    """Containers that are new, or gone, since ``before``."""
    after = container_ids(checkout.project)
    return {name for name in before | after if before.get(name) != after.get(name)}


def _settled(checkout: Checkout) -> dict[str, str]:
    checkout.msctl("up").good()
    return container_ids(checkout.project)


def test_a_new_environment_value_recreates_its_service_alone(pair: Checkout) -> None:
    before = _settled(pair)
    declare(pair, {"web": {"environment": {"COLOUR": "green"}}, "other": {}})
    pair.msctl("up").good()
    assert _changed(pair, before) == {pair.name("web-1")}
    assert "COLOUR=green" in containers(pair.project)[pair.name("web-1")]["Config"]["Env"]


def test_a_new_port_recreates_its_service_alone(pair: Checkout) -> None:
    before = _settled(pair)
    declare(pair, {"web": {"port": 9000}, "other": {}})
    pair.msctl("up").good()
    assert _changed(pair, before) == {pair.name("web-1")}
    assert entries(pair.project)[pair.name("web-1")]["ServicePort"] == 9000


def test_new_sources_recreate_their_service_alone(pair: Checkout) -> None:
    declare(pair, {"web": {"build": "own"}, "other": {}})
    shutil.copytree(pair.folder / "plain", pair.folder / "own")
    before = _settled(pair)
    source = pair.folder / "own" / "server.py"
    source.write_text(source.read_text() + "# another line\n")
    pair.msctl("up").good()
    assert _changed(pair, before) == {pair.name("web-1")}


def test_a_new_route_recreates_nothing(pair: Checkout) -> None:
    declare(pair, {"web": {}, "other": {}})
    before = _settled(pair)
    declare(pair, {"web": {}, "other": {}}, routes=[{"path": "/elsewhere", "service": "web"}])
    assert pair.msctl("up", "--json").good().json()["changed"] != []
    assert _changed(pair, before) == set()


def test_another_replica_leaves_the_first_alone(pair: Checkout) -> None:
    declare(pair, {"web": {}, "other": {}})
    before = _settled(pair)
    declare(pair, {"web": {"replicas": 2}, "other": {}})
    pair.msctl("up").good()
    assert _changed(pair, before) == {pair.name("web-2")}
    assert statuses(pair.project)[pair.name("web-2")] == "passing"


def test_what_left_the_manifest_is_removed(pair: Checkout) -> None:
    declare(pair, {"web": {}, "other": {}})
    before = _settled(pair)
    declare(pair, {"web": {}})
    pair.msctl("up").good()
    assert _changed(pair, before) == {pair.name("other-1")}
    assert pair.name("other-1") not in entries(pair.project)


def test_a_container_removed_behind_its_back_is_made_again_alone(pair: Checkout) -> None:
    declare(pair, {"web": {}, "other": {}})
    before = _settled(pair)
    docker("rm", "--force", pair.name("web-1"))
    assert pair.msctl("status").exit_code == 1
    pair.msctl("up").good()
    assert _changed(pair, before) == {pair.name("web-1")}


def test_a_replica_gone_with_its_container_leaves_no_ghost(pair: Checkout) -> None:
    declare(pair, {"web": {"replicas": 2}, "other": {}})
    _settled(pair)
    docker("rm", "--force", pair.name("web-2"))
    declare(pair, {"web": {}, "other": {}})
    pair.msctl("up").good()
    services = {name for name in entries(pair.project) if name[-1].isdigit()}
    assert services == {pair.name("web-1"), pair.name("other-1")}


def test_a_stopped_container_is_started_not_made_again(pair: Checkout) -> None:
    declare(pair, {"web": {}, "other": {}})
    before = _settled(pair)
    docker("kill", pair.name("web-1"))
    pair.msctl("up").good()
    assert _changed(pair, before) == set()
    assert pair.msctl("status").exit_code == 0


def test_a_registry_that_was_stopped_is_started_and_asks_again(pair: Checkout) -> None:
    _settled(pair)
    docker("stop", "--time", "0", pair.name("registry"))
    assert pair.msctl("up", "--json").good().json()["status"]["healthy"]
