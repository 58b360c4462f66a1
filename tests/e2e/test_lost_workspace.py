"""The generated passwords were lost, the data was not: everything gets new ones."""

from __future__ import annotations

import shutil

import pytest

from tests.e2e.checkout import Checkout
from tests.e2e.databases import mariadb, postgres, redis
from tests.e2e.manifests import declare

pytestmark = pytest.mark.e2e

_KEEP = "CREATE TABLE kept AS SELECT 42 AS answer"
_ASK = "SELECT answer FROM kept"
_ENGINES = {"books": "postgres", "goods": "mariadb", "words": "redis"}


def _declare(checkout: Checkout) -> None:
    """A service for each kind of database, each with a login of the broker."""
    entry = {"build": "ledger", "publishes": ["page.filled"]}
    declare(checkout, {name: {**entry, "database": engine} for name, engine in _ENGINES.items()})


def _fill(checkout: Checkout) -> None:
    postgres(checkout, "books", _KEEP)
    mariadb(checkout, "goods", _KEEP)
    redis(checkout, "words", "SET", "kept", "42")


def _answers(checkout: Checkout) -> tuple[str, str, str]:
    return (
        postgres(checkout, "books", _ASK),
        mariadb(checkout, "goods", _ASK),
        redis(checkout, "words", "GET", "kept"),
    )


def test_up_gives_new_passwords_and_finds_the_old_data(small: Checkout) -> None:
    _declare(small)
    small.msctl("up").good()
    _fill(small)
    small.msctl("down").good()
    shutil.rmtree(small.workspace)
    small.msctl("up").good()
    assert _answers(small) == ("42", "42", "42")


@pytest.mark.long
def test_a_workspace_lost_while_everything_runs(small: Checkout) -> None:
    _declare(small)
    small.msctl("up").good()
    _fill(small)
    shutil.rmtree(small.workspace)
    small.msctl("up").good()
    assert _answers(small) == ("42", "42", "42")
    assert small.msctl("status").exit_code == 0
