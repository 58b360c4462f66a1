"""An interrupted command is finished by the next, whenever and however it was interrupted."""

from __future__ import annotations

import random
import signal
import subprocess
from collections import Counter

import pytest

from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import containers, docker, exists, leftovers, running
from tests.e2e.manifests import declare
from tests.integration.waiting import eventually

pytestmark = pytest.mark.e2e

_SIGNALS = [signal.SIGINT, signal.SIGKILL]
_MOMENTS = [
    pytest.param("registry", id="when-the-registry-exists"),
    pytest.param("web-1", id="when-the-service-exists", marks=pytest.mark.long),
]


def _interrupt(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str]:
    """End msctl by a signal; its exit code and messages."""
    process.send_signal(number)
    _, stderr = process.communicate(timeout=300.0)
    return process.returncode, stderr


def _interrupt_up(checkout: Checkout, suffix: str, number: signal.Signals) -> tuple[int, str]:
    """Interrupt an ``up`` once one of its containers exists."""
    process = checkout.start("up")
    with process:
        eventually(lambda: exists(checkout.name(suffix)), timeout=120.0)
        return _interrupt(process, number)


def _assert_whole(checkout: Checkout) -> None:
    """Every container is there once and runs, and all is healthy."""
    expected = {checkout.name(suffix) for suffix in ("registry", "gateway", "observer", "agent", "web-1")}
    assert set(containers(checkout.project)) == expected
    assert checkout.msctl("status", "--json").good().json()["healthy"]
    networks = docker("network", "ls", "--format", "{{.Name}}").split()
    assert Counter(networks)[checkout.project] == 1


@pytest.mark.parametrize("suffix", _MOMENTS)
@pytest.mark.parametrize("number", _SIGNALS, ids=lambda number: number.name)
def test_the_next_up_finishes_an_interrupted_one(
    small: Checkout, suffix: str, number: signal.Signals
) -> None:
    _interrupt_up(small, suffix, number)
    small.msctl("up").good()
    _assert_whole(small)


def test_an_interrupted_up_ends_with_130_and_says_how_to_go_on(small: Checkout) -> None:
    declare(small, {"web": {"environment": {"BEHAVIOUR": "deaf"}}})
    exit_code, stderr = _interrupt_up(small, "registry", signal.SIGINT)
    assert exit_code == 130
    assert "run the same command to continue" in stderr
    assert "Traceback" not in stderr


def test_down_cleans_up_after_a_killed_up(small: Checkout) -> None:
    _interrupt_up(small, "gateway", signal.SIGKILL)
    small.msctl("down", "--volumes", "--yes").good()
    assert leftovers(small.project) == {}


@pytest.mark.parametrize(
    "number", [pytest.param(signal.SIGINT, marks=pytest.mark.long), signal.SIGKILL], ids=("SIGINT", "SIGKILL")
)
def test_the_next_down_finishes_an_interrupted_one(small: Checkout, number: signal.Signals) -> None:
    small.msctl("up").good()
    process = small.start("down", "--volumes", "--yes")
    with process:
        eventually(lambda: not running(small.name("gateway")))
        _interrupt(process, number)
    small.msctl("down", "--volumes", "--yes").good()
    assert leftovers(small.project) == {}


def test_up_ends_a_killed_down_first(small: Checkout) -> None:
    small.msctl("up").good()
    process = small.start("down")
    with process:
        eventually((small.workspace / "down.json").exists)
        _interrupt(process, signal.SIGKILL)
    small.msctl("up").good()
    _assert_whole(small)


@pytest.mark.long
def test_an_up_that_ends_at_a_random_moment_is_finished_by_the_next(small: Checkout) -> None:
    """Twenty times, by Ctrl-C and by kill -9, in turn from nothing and in the middle of an update."""
    chance = random.Random(6)
    for turn in range(20):
        if turn % 2:
            declare(small, {"web": {"environment": {"TURN": str(turn)}}})
        else:
            small.msctl("down").good()
        with small.start("up") as process:
            try:
                process.wait(timeout=chance.uniform(0.2, 8.0))
            except subprocess.TimeoutExpired:
                _interrupt(process, _SIGNALS[turn // 2 % 2])
        small.msctl("up").good()
        _assert_whole(small)


@pytest.mark.long
def test_kills_at_random_moments_are_survived(small: Checkout) -> None:
    """Twenty kills in turn of ``up`` and ``down``; each time ``up`` converges."""
    chance = random.Random(20)
    for command in [("up",), ("down",)] * 10:
        process = small.start(*command)
        with process:
            try:
                process.wait(timeout=chance.uniform(0.2, 6.0))
            except subprocess.TimeoutExpired:
                process.kill()
        small.msctl("up").good()
        _assert_whole(small)
