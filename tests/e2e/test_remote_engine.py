"""An engine reached over TCP: nothing may need its files or its containers' addresses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import leftovers
from tests.e2e.manifests import declare, make_small
from tests.integration.engine.forwarding import tcp_door

pytestmark = pytest.mark.e2e

_SOCKET = "/var/run/docker.sock"
_SERVICES = {"web": {"build": "ledger", "database": "redis", "publishes": ["page.filled"]}}


@pytest.fixture(scope="module")
def remote() -> Iterator[Mapping[str, str]]:
    """Settings that make the local engine a remote one."""
    with tcp_door(_SOCKET) as port:
        yield {"DOCKER_HOST": f"tcp://127.0.0.1:{port}"}


@pytest.fixture(scope="module")
def afar(
    images: None, remote: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Checkout]:
    """A project that was started on a remote engine."""
    checkout = make_small(tmp_path_factory.mktemp("afar") / "afar")
    declare(checkout, _SERVICES)
    try:
        checkout.msctl("up", environment=remote).good()
        yield checkout
    finally:
        checkout.sweep()


def test_status(afar: Checkout, remote: Mapping[str, str]) -> None:
    found = afar.msctl("status", "--json", environment=remote).good().json()
    assert found["healthy"]
    assert [c["callee"] for c in found["circuits"]] == ["web"]


def test_a_second_up_changes_nothing(afar: Checkout, remote: Mapping[str, str]) -> None:
    assert afar.msctl("up", "--json", environment=remote).good().json()["changed"] == []


def test_logs(afar: Checkout, remote: Mapping[str, str]) -> None:
    assert afar.name("web-1") in afar.msctl("logs", "web", "--json", environment=remote).good().stdout


def test_an_up_from_beside_the_engine_changes_nothing(afar: Checkout) -> None:
    assert afar.msctl("up", "--json").good().json()["changed"] == []


def test_down(afar: Checkout, remote: Mapping[str, str]) -> None:
    afar.msctl("down", "--volumes", "--yes", environment=remote).good()
    assert leftovers(afar.project) == {}
