"""A service that dies comes back by itself, and one that always dies is not tried without end."""

from __future__ import annotations

import time

import pytest

from tests.e2e.catalog import statuses
from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import containers, docker
from tests.e2e.manifests import declare
from tests.integration.waiting import eventually

pytestmark = pytest.mark.e2e


def _restarts(checkout: Checkout) -> int:
    count: int = containers(checkout.project)[checkout.name("web-1")]["RestartCount"]
    return count


def test_a_service_that_dies_once_comes_back_by_itself(small: Checkout) -> None:
    small.msctl("up").good()
    docker("exec", small.name("web-1"), "sh", "-c", "kill -KILL -1")
    eventually(lambda: _restarts(small) == 1)
    eventually(lambda: statuses(small.project).get(small.name("web-1")) == "passing")
    eventually(lambda: small.msctl("status").exit_code == 0, interval=0.5)


@pytest.mark.long
def test_restarts_of_a_crash_loop_get_rarer(small: Checkout) -> None:
    declare(small, {"web": {"environment": {"BEHAVIOUR": "crash"}}, "other": {}})
    began = time.monotonic()
    assert small.msctl("up").exit_code == 1
    eventually(lambda: time.monotonic() - began >= 120.0, timeout=130.0, interval=1.0)
    assert 3 <= _restarts(small) <= 10
    assert statuses(small.project)[small.name("other-1")] == "passing"
