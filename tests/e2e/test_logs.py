"""``logs`` and ``health`` of a running project."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.checkout import Checkout
from tests.e2e.writing import SECRET, write

pytestmark = pytest.mark.e2e

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
HOSTILE = "\x1b[2J\x1b]0;owned\x07<script>alert(1)</script>\u202eabc"


def records(checkout: Checkout, *options: str) -> list[dict[str, Any]]:
    found = checkout.msctl("logs", "web", "--json", *options).good()
    return [json.loads(line) for line in found.stdout.splitlines()]


def test_records_are_found_by_level_words_and_trace(chatty: Checkout) -> None:
    write(chatty, json.dumps({"level": "error", "message": "disk is full", "trace_id": TRACE}))
    write(chatty, "level=debug msg=rambling", "WARNING: getting warm")
    assert [r["message"] for r in records(chatty, "--trace", TRACE[:12])] == ["disk is full"]
    assert [r["message"] for r in records(chatty, "--grep", "FULL disk")] == ["disk is full"]
    assert {"disk is full", "WARNING: getting warm"} <= {
        r["message"] for r in records(chatty, "--level", "warning")
    }
    assert "rambling" not in {r["message"] for r in records(chatty, "--level", "info")}
    assert records(chatty, "--until", "1h") == []


def test_a_traceback_is_one_record(chatty: Checkout) -> None:
    lines = ("Traceback (most recent call last):", '  File "a.py"', "ValueError: rotten")
    write(chatty, *lines, stream=2)
    (found,) = records(chatty, "--grep", "rotten")
    assert (found["text"], found["level"], found["stream"]) == ("\n".join(lines), "error", "stderr")


def test_a_line_of_a_megabyte_is_one_record(chatty: Checkout) -> None:
    write(chatty, "megabyte " + "x" * 1_000_000)
    (found,) = records(chatty, "--grep", "megabyte")
    whole, stored = len(found["text"]) == 1_000_009, found["text"].endswith("… (1000009 characters)")
    assert whole or stored
    shown = chatty.msctl("logs", "web", "--grep", "megabyte").good().stdout
    assert len(shown) < 20_000


def test_hostile_lines_are_harmless_text(chatty: Checkout) -> None:
    write(chatty, f"hostile {HOSTILE}")
    shown = chatty.msctl("logs", "web", "--grep", "hostile").good().stdout
    assert not set(shown) & {"\x1b", "\x07", "\u202e"}
    assert "<script>alert(1)</script>" in shown
    (found,) = records(chatty, "--grep", "hostile")
    assert found["text"] == f"hostile {HOSTILE}"


def test_known_secrets_are_never_shown(chatty: Checkout) -> None:
    write(chatty, f"using {SECRET}", json.dumps({"message": "x", "url": f"amqp://u:{SECRET}@h/v"}))
    assert SECRET not in chatty.msctl("logs").good().stdout
    assert SECRET not in chatty.msctl("logs", "--json").good().stdout
    assert "using [REDACTED]" in {r["message"] for r in records(chatty)}


def test_health_shows_what_the_service_answers(chatty: Checkout) -> None:
    found = chatty.msctl("health", "web", "gateway", "--json").good().json()
    web, gateway = found
    assert (web["health"], web["code"], web["path"], web["answer"]) == ("pass", 200, "/readyz", "fine")
    assert {"registry:catalog", "gateway:connections"} <= {check["name"] for check in gateway["checks"]}
