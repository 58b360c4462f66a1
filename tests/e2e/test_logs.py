"""``logs`` and ``health`` of a running project."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import docker
from tests.e2e.manifests import declare, make_small

pytestmark = pytest.mark.e2e

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
HOSTILE = "\x1b[2J\x1b]0;owned\x07<script>alert(1)</script>\u202eabc"
SECRET = "Tq7-planted_Secret-0123456789"


@pytest.fixture(scope="module")
def running(images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A service that is up; tests only read, and write to its log."""
    checkout = make_small(tmp_path_factory.mktemp("logs") / "small")
    declare(checkout, {"web": {"environment": {"API_PASSWORD": SECRET}}})
    try:
        checkout.msctl("up").good()
        yield checkout
    finally:
        checkout.sweep()


def write(checkout: Checkout, *lines: str, stream: int = 1) -> None:
    """Let the service's process write lines."""
    text = "".join(f"{line}\n" for line in lines)
    docker("exec", "-i", checkout.name("web-1"), "sh", "-c", f"cat > /proc/1/fd/{stream}", stdin=text)


def records(checkout: Checkout, *options: str) -> list[dict[str, Any]]:
    found = checkout.msctl("logs", "web", "--json", *options).good()
    return [json.loads(line) for line in found.stdout.splitlines()]


def test_records_are_found_by_level_words_and_trace(running: Checkout) -> None:
    write(running, json.dumps({"level": "error", "message": "disk is full", "trace_id": TRACE}))
    write(running, "level=debug msg=rambling", "WARNING: getting warm")
    assert [r["message"] for r in records(running, "--trace", TRACE[:12])] == ["disk is full"]
    assert [r["message"] for r in records(running, "--grep", "FULL disk")] == ["disk is full"]
    assert {"disk is full", "WARNING: getting warm"} <= {
        r["message"] for r in records(running, "--level", "warning")
    }
    assert "rambling" not in {r["message"] for r in records(running, "--level", "info")}
    assert records(running, "--until", "1h") == []


def test_a_traceback_is_one_record(running: Checkout) -> None:
    lines = ("Traceback (most recent call last):", '  File "a.py"', "ValueError: rotten")
    write(running, *lines, stream=2)
    (found,) = records(running, "--grep", "rotten")
    assert (found["text"], found["level"], found["stream"]) == ("\n".join(lines), "error", "stderr")


def test_a_line_of_a_megabyte_is_one_record(running: Checkout) -> None:
    write(running, "megabyte " + "x" * 1_000_000)
    (found,) = records(running, "--grep", "megabyte")
    assert len(found["text"]) == 1_000_009
    shown = running.msctl("logs", "web", "--grep", "megabyte").good().stdout
    assert len(shown) < 20_000


def test_hostile_lines_are_harmless_text(running: Checkout) -> None:
    write(running, f"hostile {HOSTILE}")
    shown = running.msctl("logs", "web", "--grep", "hostile").good().stdout
    assert not set(shown) & {"\x1b", "\x07", "\u202e"}
    assert "<script>alert(1)</script>" in shown
    (found,) = records(running, "--grep", "hostile")
    assert found["text"] == f"hostile {HOSTILE}"


def test_known_secrets_are_never_shown(running: Checkout) -> None:
    write(running, f"using {SECRET}", json.dumps({"message": "x", "url": f"amqp://u:{SECRET}@h/v"}))
    assert SECRET not in running.msctl("logs").good().stdout
    assert SECRET not in running.msctl("logs", "--json").good().stdout
    assert "using [REDACTED]" in {r["message"] for r in records(running)}


def test_health_shows_what_the_service_answers(running: Checkout) -> None:
    found = running.msctl("health", "web", "gateway", "--json").good().json()
    web, gateway = found
    assert (web["health"], web["code"], web["path"], web["answer"]) == ("pass", 200, "/readyz", "fine")
    assert {"registry:catalog", "gateway:connections"} <= {check["name"] for check in gateway["checks"]}
