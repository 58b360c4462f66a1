"""What is wrong before anything starts is said before anything starts."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

import pytest

from tests.e2e.checkout import Checkout, Outcome
from tests.e2e.engine_state import leftovers
from tests.e2e.manifests import declare
from tests.free_port import free_port

pytestmark = pytest.mark.e2e


def _plain(outcome: Outcome, exit_code: int) -> str:
    """What it complained of, in words instead of a traceback."""
    assert outcome.exit_code == exit_code, str(outcome)
    assert "Traceback" not in outcome.stderr, str(outcome)
    assert "stumbled" not in outcome.stderr, str(outcome)
    return outcome.stderr


@pytest.mark.parametrize("command", [("up",), ("down",), ("status",), ("logs",)])
def test_no_engine_at_a_socket_is_exit_code_3(small: Checkout, command: tuple[str, ...]) -> None:
    nowhere = {"DOCKER_HOST": f"unix://{small.folder}/absent.sock"}
    assert "absent.sock" in _plain(small.msctl(*command, environment=nowhere), 3)


def test_no_engine_at_an_address_is_exit_code_3(small: Checkout) -> None:
    nowhere = {"DOCKER_HOST": f"tcp://127.0.0.1:{free_port()}"}
    assert "127.0.0.1" in _plain(small.msctl("up", environment=nowhere), 3)


def test_a_taken_port_is_named(small: Checkout) -> None:
    with socket.create_server(("127.0.0.1", small.port)):
        said = _plain(small.msctl("up"), 1)
    assert str(small.port) in said
    assert "gateway" in said


def test_a_taken_port_leaves_nothing_half_started(small: Checkout) -> None:
    with socket.create_server(("127.0.0.1", small.port)):
        small.msctl("up")
        assert leftovers(small.project) == {}


def test_a_port_that_is_free_again_can_be_had(small: Checkout) -> None:
    with socket.create_server(("127.0.0.1", small.port)):
        small.msctl("up")
    small.msctl("up").good()


_CIRCLE = {
    "a": {"call": "GET web:/", "after": "b"},
    "b": {"call": "GET web:/", "after": "a"},
}


@pytest.mark.parametrize(
    ("services", "gateway", "expected"),
    [
        ({"web": {}}, {"routes": [{"path": "/all", "aggregate": _CIRCLE}]}, "a → b → a"),
        ({"web": {"calls": ["web"]}}, {}, "does not call itself"),
        ({"web": {"calls": ["wbe"]}, "other": {}}, {}, "wbe"),
    ],
    ids=["circle", "self", "missing"],
)
def test_a_wrong_manifest_starts_nothing(
    small: Checkout,
    services: Mapping[str, Mapping[str, Any]],
    gateway: Mapping[str, Any],
    expected: str,
) -> None:
    declare(small, services, **gateway)
    assert expected in _plain(small.msctl("up"), 2)
    assert leftovers(small.project) == {}


def test_no_manifest_is_exit_code_2(small: Checkout) -> None:
    small.manifest.unlink()
    assert "msctl.yaml" in _plain(small.msctl("up"), 2)
