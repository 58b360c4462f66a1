"""YAML 1.2's core schema."""

from __future__ import annotations

import math

import pytest

from msctl.manifest.scalars import resolve


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), ("~", None), ("null", None), ("NULL", None), ("true", True), ("False", False),
        ("no", "no"), ("yes", "yes"), ("on", "on"), ("off", "off"), ("y", "y"), ("tRue", "tRue"),
        ("nUll", "nUll"),
        ("0", 0), ("-19", -19), ("+1", 1), ("0o17", 15), ("0x1F", 31), ("017", 17), ("0b11", "0b11"),
        ("1_000", "1_000"), ("1:30", "1:30"), ("2024-01-01", "2024-01-01"), ("1.5", 1.5), (".5", 0.5),
        ("1.", 1.0),
        ("1e3", 1000.0), ("-1.5E-3", -0.0015), ("1.2.3", "1.2.3"), (".", "."), ("-", "-"), ("٣", "٣"),
        (".inf", math.inf), ("-.INF", -math.inf), ("1" * 200, "1" * 200), ("<<", "<<"), ("=", "="),
    ],
)  # fmt: skip
def test_words(text: str, value: object) -> None:
    found = resolve(text)
    assert found == value
    assert type(found) is type(value)


def test_not_a_number() -> None:
    found = resolve(".nan")
    assert isinstance(found, float)
    assert math.isnan(found)
