"""Objects that msctl did not make are never touched, whatever they are called."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import docker, leftovers

pytestmark = pytest.mark.e2e

_SUFFIXES = {"container": "-web-1", "network": "", "volume": "-registry-data"}


@pytest.fixture(params=list(_SUFFIXES))
def kind(request: pytest.FixtureRequest) -> str:
    """A kind of object."""
    return str(request.param)


@pytest.fixture
def foreign(small: Checkout, kind: str) -> Iterator[str]:
    """Name of somebody's object, one that the project needs itself."""
    name = f"{small.project}{_SUFFIXES[kind]}"
    docker(kind, "create", *_arguments(kind, name))
    yield name
    docker(kind, "rm", name)


def _arguments(kind: str, name: str) -> list[str]:
    return ["--name", name, _some_image()] if kind == "container" else [name]


def _some_image() -> str:
    return docker("image", "ls", "--quiet", "msctl/*").split()[0]


def _identity(kind: str, name: str) -> str:
    return docker(kind, "inspect", "--format", "{{.CreatedAt}}" if kind == "volume" else "{{.Id}}", name)


def test_up_names_the_clash(small: Checkout, kind: str, foreign: str) -> None:
    outcome = small.msctl("up")
    assert outcome.exit_code == 1
    assert f"{kind} named '{foreign}'" in outcome.stderr


def test_up_starts_nothing_beside_it(small: Checkout, kind: str, foreign: str) -> None:
    small.msctl("up")
    assert leftovers(small.project) == {}


@pytest.mark.parametrize("command", [("up",), ("up", "--adopt"), ("down", "--volumes", "--yes")])
def test_it_stays(small: Checkout, kind: str, foreign: str, command: tuple[str, ...]) -> None:
    before = _identity(kind, foreign)
    small.msctl(*command)
    assert _identity(kind, foreign) == before
