"""Connections to instances stay within the open-file limit, and none is blamed for it."""

from __future__ import annotations

import asyncio
import errno

import pytest

from msctl.gateway.files import FileBudget
from msctl.gateway.pool import Pool
from msctl.gateway.upstream_ports import AttemptError
from msctl.resilience.endpoints import Address, Endpoint

ENDPOINT = Endpoint(Address("one", "127.0.0.1", 1))


def test_one_service_leaves_the_others_some() -> None:
    everything = FileBudget(8)
    hung, healthy = everything.share(), everything.share()
    while not hung.is_spent:
        hung.hold()
    assert (hung.used, everything.used, healthy.is_spent) == (6, 6, False)
    healthy.hold()
    healthy.hold()
    assert healthy.is_spent
    hung.release()
    assert not healthy.is_spent
    assert healthy.is_scarce


def test_nothing_is_scarce_without_a_limit() -> None:
    budget = FileBudget().share()
    budget.hold()
    assert (budget.is_spent, budget.is_scarce) == (False, False)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
async def test_a_lack_of_files_is_the_gateways_own(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async def failing(*_: object, **__: object) -> None:
        raise OSError(number, "too many open files")

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", failing)
    files = FileBudget(4)
    with pytest.raises(AttemptError) as caught:
        await Pool(lambda: 0.0, files).connect(ENDPOINT, 1.0)
    assert (caught.value.kind, caught.value.untouched, files.used) == ("exhausted", True, 0)


async def test_a_spent_budget_opens_nothing() -> None:
    files = FileBudget(1)
    files.hold()
    with pytest.raises(AttemptError) as caught:
        await Pool(lambda: 0.0, files).connect(ENDPOINT, 1.0)
    assert caught.value.kind == "exhausted"
