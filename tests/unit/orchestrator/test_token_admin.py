"""The operator's requests to auth: what is refused comes back with a remedy."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast, get_args

import pytest
from aiohttp.test_utils import TestServer

from msctl.auth.administration import Administration
from msctl.auth.authority import Authority
from msctl.auth.refusal import HINTS, Reason
from msctl.errors import UsageError
from msctl.orchestrator.access import Access
from msctl.orchestrator.token_admin import TokenAdmin
from tests.unit.auth.conftest import DIRECTORY, World
from tests.unit.auth.corpus import CORPUS, NOW


class Way:
    """The way of an operator to an auth that listens at ``address``."""

    def __init__(self, address: str) -> None:
        self._address = address

    def operator_secret(self) -> str:
        return "secret-operator"

    def auth_admin(self) -> str:
        return self._address

    def forget_auth(self) -> None:
        raise AssertionError("auth answers")


async def refusal(authority: Authority, token: str) -> UsageError:
    """Why auth does not revoke ``token``."""
    application: Any = Administration(authority).application()
    async with TestServer(application) as server:
        admin = TokenAdmin(cast("Access", Way(str(server.make_url("")))))
        with pytest.raises(UsageError) as caught:
            await asyncio.to_thread(admin.revoke, token)
    return caught.value


@pytest.mark.parametrize("token", ["", "garbage", "a.b.c", "x" * 9000])
async def test_what_is_no_token_is_told_with_a_remedy(tmp_path: Path, token: str) -> None:
    error = await refusal(World(tmp_path / "auth.sqlite").authority(), token)
    assert error.message.startswith("auth refused: ")
    assert error.hint == HINTS["malformed"]


async def test_a_token_that_is_revoked_already_needs_nothing_more(tmp_path: Path) -> None:
    authority = World(tmp_path / "auth.sqlite").authority()
    token = authority.issue(DIRECTORY.clients["web"], None, None)["access_token"]
    authority.revoke(authority.identity(token))
    assert (await refusal(authority, token)).hint == HINTS["revoked"]


@pytest.mark.parametrize("name", CORPUS)
async def test_every_bad_token_has_its_remedy(tmp_path: Path, name: str) -> None:
    token = CORPUS[name].make(NOW)
    text = token if isinstance(token, str) else token.decode("utf-8", "replace")
    assert (await refusal(World(tmp_path / "auth.sqlite").authority(), text)).hint in HINTS.values()


def test_no_reason_is_without_remedy() -> None:
    assert HINTS.keys() == set(get_args(Reason))
