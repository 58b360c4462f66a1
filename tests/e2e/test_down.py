"""``down`` leaves nothing but data, and ``down --volumes`` nothing at all."""

from __future__ import annotations

import pytest

from tests.e2e.catalog import entries
from tests.e2e.checkout import Checkout
from tests.e2e.databases import postgres
from tests.e2e.engine_state import leftovers, running
from tests.e2e.manifests import declare
from tests.integration.waiting import eventually

pytestmark = pytest.mark.e2e

_LEDGER = {"web": {"build": "ledger", "database": "postgres"}}
_PUBLISHER = {"web": {"build": "ledger", "database": "redis", "publishes": ["page.filled"]}}


def test_down_leaves_only_data_volumes_which_can_go_later(small: Checkout) -> None:
    declare(small, _PUBLISHER)
    small.msctl("up").good()
    small.msctl("down").good()
    keepers = ("broker", "observer", "registry", "web")
    volumes = [small.name(f"{name}-data") for name in keepers]
    assert leftovers(small.project) == {"volume": volumes}
    small.msctl("down", "--volumes", "--yes").good()
    assert leftovers(small.project) == {}


def test_data_is_removed_with_a_yes_only(small: Checkout) -> None:
    small.msctl("up").good()
    before = leftovers(small.project)
    outcome = small.msctl("down", "--volumes")
    assert outcome.exit_code == 2
    assert "--yes" in outcome.stderr
    assert leftovers(small.project) == before
    small.msctl("down", "--volumes", "--yes").good()
    assert leftovers(small.project) == {}


def test_data_is_there_again_after_down_and_up_and_gone_after_down_with_volumes(small: Checkout) -> None:
    declare(small, _LEDGER)
    small.msctl("up").good()
    postgres(small, "web", "CREATE TABLE kept AS SELECT 42 AS answer")
    small.msctl("down").good()
    small.msctl("up").good()
    assert postgres(small, "web", "SELECT answer FROM kept") == "42"
    small.msctl("down", "--volumes", "--yes").good()
    small.msctl("up").good()
    assert postgres(small, "web", "SELECT to_regclass('kept') IS NULL") == "t"


def test_down_of_what_does_not_run_is_fine(small: Checkout) -> None:
    small.msctl("down").good()
    assert leftovers(small.project) == {}


def test_down_works_by_name_when_the_manifest_is_gone(small: Checkout) -> None:
    small.msctl("up").good()
    small.manifest.unlink()
    small.msctl("down", "--project", small.project, "--volumes", "--yes").good()
    assert leftovers(small.project) == {}


def test_down_ends_a_service_that_ignores_sigterm(small: Checkout) -> None:
    declare(small, {"web": {"environment": {"BEHAVIOUR": "stubborn"}}})
    small.msctl("up").good()
    small.msctl("down", "--volumes", "--yes").good()
    assert leftovers(small.project) == {}


def test_an_instance_leaves_the_registry_before_it_stops(small: Checkout) -> None:
    declare(small, {"web": {"environment": {"BEHAVIOUR": "stubborn"}, "stop_grace": "25s"}})
    small.msctl("up").good()
    name = small.name("web-1")
    with small.start("down", "--volumes", "--yes") as process:
        eventually(lambda: name not in entries(small.project))
        still_there = running(name)
        process.communicate(timeout=300.0)
    assert still_there
