"""A database gets a new password while its service serves."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest

from tests.e2e.checkout import Checkout
from tests.e2e.databases import mariadb, postgres, redis
from tests.e2e.engine_state import container_ids, succeeds
from tests.e2e.manifests import declare
from tests.e2e.traffic import statuses, steady
from tests.integration.waiting import eventually

pytestmark = pytest.mark.e2e

_COUNT = "SELECT count(*) FROM msctl_inbox"
_ENTER = """
import asyncio, sys
from msctl.chassis.stores import open_store
asyncio.run(open_store(sys.argv[1], None, None).open(()))
"""


@pytest.mark.parametrize(
    ("engine", "times"),
    [
        ("postgres", 1),
        pytest.param("postgres", 2, marks=pytest.mark.long),
        pytest.param("mariadb", 2, marks=pytest.mark.long),
        pytest.param("redis", 2, marks=pytest.mark.long),
    ],
)
def test_a_new_password_is_not_felt_and_the_old_one_is_refused(
    small: Checkout, engine: str, times: int
) -> None:
    """Each request opens a connection of its own, by the URL that its instance was started with."""
    _serve(small, engine, times)
    databases = {name: i for name, i in container_ids(small.project).items() if name.endswith("-db")}
    for _ in range(times):
        old = _url(small)
        assert set(_rotate_under_way(small)) == {200}
        assert _enters(small, _url(small))
        assert not _enters(small, old)
    assert databases.items() <= container_ids(small.project).items()
    assert small.msctl("up", "--json").good().json()["changed"] == []
    assert small.msctl("status").exit_code == 0
    assert int(_visits(small, engine)) > 20


@pytest.mark.long
@pytest.mark.parametrize("engine", ["postgres", "mariadb", "redis"])
def test_a_killed_rotation_is_not_felt_and_the_next_up_ends_it(small: Checkout, engine: str) -> None:
    _serve(small, engine, 1)
    for moment in _MOMENTS:
        old = _url(small)
        with steady(small.port, 5, "/books", longest=240.0) as answers:
            _killed_rotation(small, moment)
            small.msctl("up").good()
        assert set(statuses(answers)) == {200}, statuses(answers)
        assert _enters(small, _url(small))
        assert not _enters(small, old)
        assert small.msctl("up", "--json").good().json()["changed"] == []


def _replaced(checkout: Checkout, before: Mapping[str, str]) -> bool:
    name = checkout.name("books-1")
    return container_ids(checkout.project).get(name, before[name]) != before[name]


_MOMENTS: tuple[Callable[[Checkout, Mapping[str, str]], bool], ...] = (
    lambda checkout, _: _rotates(checkout),
    lambda checkout, _: checkout.name("books-2") in container_ids(checkout.project),
    _replaced,
    lambda checkout, before: _replaced(checkout, before) and not _rotates(checkout),
)
"""The password was made; the first instance has it; the last one has it; the old password is about to go."""


def _killed_rotation(checkout: Checkout, moment: Callable[[Checkout, Mapping[str, str]], bool]) -> None:
    before = container_ids(checkout.project)
    with checkout.start("db", "rotate", "books") as process:
        eventually(lambda: moment(checkout, before), timeout=90.0)
        process.kill()
        process.communicate()


def _rotates(checkout: Checkout) -> bool:
    return "former/books" in json.loads((checkout.workspace / "credentials.json").read_text())


def _serve(checkout: Checkout, engine: str, replicas: int) -> None:
    own = {"database": engine, "replicas": replicas, "stop_grace": "3s", "circuit": {"slow_call": "30s"}}
    declare(checkout, {"books": {"build": "teller", **own}}, routes=[_ROUTE])
    checkout.msctl("up").good()


_ROUTE = {"path": "/books", "service": "books", "rewrite": "/", "retries": 0, "timeout": "30s"}


def _rotate_under_way(checkout: Checkout) -> dict[int, int]:
    """How often each status came before, during and after a rotation."""
    with steady(checkout.port, 5, "/books", longest=240.0) as answers:
        eventually(lambda: len(answers) > 10)
        checkout.msctl("db", "rotate", "books").good()
        told = len(answers)
        eventually(lambda: len(answers) > told + 10)
    return statuses(answers)


def _url(checkout: Checkout) -> str:
    return checkout.msctl("db", "url", "books").good().stdout.strip()


def _enters(checkout: Checkout, url: str) -> bool:
    """Whether somebody beside the service is let in."""
    return succeeds("exec", checkout.name("books-1"), "python", "-c", _ENTER, url)


def _visits(checkout: Checkout, engine: str) -> str:
    if engine == "redis":
        return redis(checkout, "books", "GET", "visits")
    return (postgres if engine == "postgres" else mariadb)(checkout, "books", _COUNT)
