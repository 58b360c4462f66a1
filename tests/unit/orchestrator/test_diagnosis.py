"""Failure cards: each way of failing is told by its root cause and with what to try next."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from msctl.errors import BuildFailed, EngineError, ImageError, MsctlError, PortTaken
from msctl.model.desired import Build, ContainerSpec, Probe
from msctl.model.failure import FailureCard
from msctl.model.observed import ObservedContainer
from msctl.orchestrator.diagnosis import card_for, exit_status, telling_line
from msctl.orchestrator.not_ready import NotReady
from msctl.plan.operations import AwaitReady, BuildImage, CreateContainer, Operation
from tests.unit.plan.projects import desired, shop

SPEC = ContainerSpec(
    name="shop-orders-1",
    role="service",
    image="shop/orders:1",
    image_identity="1",
    service="orders",
    memory=64 * 2**20,
    probe=Probe("http", 8000, "/ready"),
)
FOUND = ObservedContainer(
    id="c1",
    name="shop-orders-1",
    role="service",
    service="orders",
    instance=1,
    state="running",
    config_hash="h",
    origin="here",
    image="shop/orders:1",
    image_id="1",
)
AWAIT = AwaitReady(subject=SPEC.name, spec=SPEC, service="orders", reason="must be ready")
CREATE = CreateContainer(subject=SPEC.name, spec=SPEC, config_hash="h", service="orders", reason="missing")
TRACEBACK = (
    "starting",
    "Traceback (most recent call last):",
    '  File "app.py", line 3, in <module>',
    "KeyError: 'SETTING'",
)
WRONG_PASSWORDS = (
    'FATAL:  password authentication failed for user "orders"',
    "(1045, \"Access denied for user 'orders'@'10.0.0.3' (using password: YES)\")",
    "WRONGPASS invalid username-password pair or user is disabled.",
    "redis.exceptions.AuthenticationError: invalid username-password pair or user is disabled.",
)


def test_a_crash_loop_is_told_by_its_exception() -> None:
    card = not_ready("connection refused", TRACEBACK, state="restarting", restarts=3, exit_code=1)
    assert card.code == "crash-loop"
    assert card.cause == "it exited 3 times with code 1: KeyError: 'SETTING'"
    assert (card.exit_status, card.log_lines, card.health_answer) == (
        "code 1",
        TRACEBACK,
        "connection refused",
    )


def test_a_single_crash_is_told_too() -> None:
    card = not_ready(None, (), state="exited", exit_code=139)
    assert (card.code, card.cause) == ("crash-loop", "it exited with code 139 (SIGSEGV)")


def test_a_wrong_health_path_is_told_with_the_path() -> None:
    card = not_ready("404 Not Found", ())
    assert card.code == "wrong-health-path"
    assert "/ready" in card.cause
    assert "health.path" in card.cause


def test_running_out_of_memory_is_told_with_the_limit() -> None:
    card = not_ready(None, (), state="exited", exit_code=137, oom_killed=True)
    assert card.code == "out-of-memory"
    assert "64 MiB" in card.cause
    assert "resources.memory" in card.cause
    assert card.exit_status == "code 137 (SIGKILL)"


@pytest.mark.parametrize("line", WRONG_PASSWORDS)
def test_a_wrong_database_password_is_told_above_the_crash(line: str) -> None:
    card = not_ready("connection refused", ("starting", line), state="exited", exit_code=1)
    assert card.code == "wrong-password"
    assert line in card.cause


@pytest.mark.parametrize("line", WRONG_PASSWORDS)
def test_a_wrong_database_password_is_told_from_the_health_answer(line: str) -> None:
    card = not_ready(f"503 {line}", ())
    assert card.code == "wrong-password"


def test_a_failing_health_answer_is_shown() -> None:
    card = not_ready("503 migrations pending", ())
    assert (card.code, card.health_answer) == ("health-failing", "503 migrations pending")
    assert "503 migrations pending" in card.cause


def test_a_line_without_end_leaves_room_for_the_others() -> None:
    card = not_ready(None, ("x" * 200_000, "ValueError: " + "y" * 200_000))
    assert max(len(line) for line in (card.cause, *card.log_lines)) < 400


def test_nothing_listening_is_told_with_the_port() -> None:
    card = not_ready("connection refused", ("ready to serve",))
    assert card.code == "nothing-listens"
    assert "8000" in card.cause
    assert "$PORT" in card.cause


@pytest.mark.parametrize("answer", ["no answer within 1 s", "connection timed out"])
def test_a_health_time_out_is_told(answer: str) -> None:
    card = not_ready(answer, ("busy",))
    assert card.code == "health-timeout"
    assert "8000" in card.cause


def test_what_cannot_be_explained_is_quoted() -> None:
    assert not_ready(None, ()).cause == "not ready after 2 s"
    assert not_ready("connection closed without an answer", ()).cause == "connection closed without an answer"


def test_a_taken_port_is_told_with_what_to_do() -> None:
    card = card_for(CREATE, PortTaken("port 8080 is already in use", "stop what uses it"), (), ())
    assert (card.code, card.cause, card.next_command) == (
        "port-taken",
        "port 8080 is already in use",
        "stop what uses it",
    )


def test_an_image_that_cannot_be_had_is_told() -> None:
    card = card_for(CREATE, ImageError("no such image: shop/orders:1", "msctl images get"), (), ())
    assert (card.code, card.next_command) == ("image-unavailable", "msctl images get")
    assert "shop/orders:1" in card.cause


def test_a_dockerfiles_error_shows_its_last_lines_and_its_log() -> None:
    build = Build("orders", desired(shop()).builds[0].context, "shop/orders:1")
    operation = BuildImage(subject="shop/orders:1", build=build, service="orders", reason="new")
    lines = [f"step {number}" for number in range(20)]
    card = card_for(operation, BuildFailed("step 20 failed", lines, "orders.log"), (), ("shop-orders-1",))
    assert (card.subject, card.code, card.cause) == ("orders", "build-failed", "step 20 failed")
    assert card.log_lines[-1] == "step 19"
    assert card.next_command == "less orders.log"
    assert card.blocks == ("shop-orders-1",)


@pytest.mark.parametrize("operation", [CREATE, AWAIT, replace(AWAIT, service=None)])
def test_there_is_always_something_to_try(operation: Operation) -> None:
    for error in (EngineError("no"), NotReady("not ready", SPEC, None, None)):
        assert card_for(operation, error, (), ()).next_command


def test_what_is_blocked_is_named() -> None:
    card = card_for(AWAIT, NotReady("not ready", SPEC, None, None), (), ("shop-web-1",))
    assert card.blocks == ("shop-web-1",)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (None, None),
        (FOUND, None),
        (replace(FOUND, state="exited", exit_code=0), "code 0"),
        (replace(FOUND, state="exited", exit_code=1), "code 1"),
        (replace(FOUND, state="exited", exit_code=143), "code 143 (SIGTERM)"),
        (replace(FOUND, state="exited", exit_code=255), "code 255"),
        (replace(FOUND, restarts=2, exit_code=1), "code 1"),
    ],
)
def test_exit_codes_above_128_are_signals(found: ObservedContainer | None, told: str | None) -> None:
    assert exit_status(found) == told


@pytest.mark.parametrize(
    ("lines", "telling"),
    [
        ((), None),
        (("", "  "), None),
        (("one", "two"), "two"),
        (("error: no space left", "shutting down"), "error: no space left"),
        (("ValueError: bad", "exiting after error"), "ValueError: bad"),
        (('{"level": "info", "message": "0 failed"}', "bye"), "bye"),
        (('{"level": "error", "message": "disk is full\\nmore"}', "{}"), "disk is full"),
        (('{"level": "error"}',), '{"level": "error"}'),
        (("[1, 2]",), "[1, 2]"),
    ],
)  # fmt: skip
def test_the_telling_line_is_found(lines: tuple[str, ...], telling: str | None) -> None:
    assert telling_line(lines) == telling


def not_ready(answer: str | None, lines: tuple[str, ...], **found: Any) -> FailureCard:
    error: MsctlError = NotReady("not ready after 2 s", SPEC, answer, replace(FOUND, **found))
    card = card_for(AWAIT, error, lines, ())
    assert card.next_command == "msctl logs orders"
    return card
