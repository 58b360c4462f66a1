"""Secrets, planted in every way in which programs write them."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from msctl.telemetry.loglines.redaction import Redactor

SECRETS = [f"p{number:02d}-Xy_{'q7Z' * 4}{number * 7919:08d}" for number in range(48)] + [
    "short+pw/with=signs",
    "3f0c9a52-7d1e-4b6a-9c55-0a1b2c3d4e5f",
]
REDACTOR = Redactor(SECRETS)


def _basic(secret: str, user: str) -> str:
    return "auth " + base64.b64encode(f"{user}:{secret}".encode()).decode()


@pytest.mark.parametrize(
    "write",
    [
        lambda s: f"connecting with {s}",
        lambda s: f"x{s}y",
        lambda s: f"postgresql://orders:{quote(s, safe='')}@db:5432/orders",
        lambda s: json.dumps({"message": "x", "value": s}),
        lambda s: f"Traceback\n  connect('{s}')\nError: {s}",
        lambda s: _basic(s, "a"),
        lambda s: _basic(s, "ab"),
        lambda s: _basic(s, "abc"),
    ],
    ids=["bare", "inside", "url", "json", "traceback", "basic-1", "basic-2", "basic-3"],
)
def test_fifty_known_secrets_are_found_in_every_spelling(write: object) -> None:
    assert callable(write)
    for secret in SECRETS:
        found = REDACTOR.redact(write(secret))
        assert secret not in found
        assert quote(secret, safe="") not in found
        assert "[REDACTED]" in found


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("amqp://u:pass-word@host/v", "amqp://u:[REDACTED]@host/v"),
        ("Authorization: Bearer abcdefgh.ijk", "Authorization: Bearer [REDACTED]"),
        ("got eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl back", "got [REDACTED] back"),
        ("password=hunter22 retry=3", "password=[REDACTED] retry=3"),
        ('{"client_secret": "a b c d e", "n": 1}', '{"client_secret": "[REDACTED]", "n": 1}'),
        ('{"m": "{\\"db_password\\": \\"hunter22\\"}"}', '{"m": "{\\"db_password\\": \\"[REDACTED]\\"}"}'),
        ("GET /cb?access_token=abcdefgh&x=1", "GET /cb?access_token=[REDACTED]&x=1"),
        (
            "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQ\n-----END PRIVATE KEY-----",
            "[REDACTED]",
        ),
    ],
)
def test_what_looks_like_a_secret_goes_too(text: str, left: str) -> None:
    assert Redactor().redact(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "password authentication failed for user orders",
        '{"token": null, "tokens": 3}',
        "http://registry:8500/v1/health",
        "trace 4bf92f3577b34da6a3ce929d0e0e4736 took 3 ms",
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert REDACTOR.redact(text) == text


def test_a_key_of_several_lines_is_found_a_line_at_a_time() -> None:
    key = "-----BEGIN KEY-----\nMC4CAQAwBQYDK2VwBCIEIABCDEFG\n-----END KEY-----\n"
    assert Redactor([key]).redact("line MC4CAQAwBQYDK2VwBCIEIABCDEFG") == "line [REDACTED]"


def test_no_secret_is_shorter_than_a_word() -> None:
    assert Redactor(["info", ""]).redact("info") == "info"
