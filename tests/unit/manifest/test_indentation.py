"""Blame for a wrong indentation."""

from __future__ import annotations

import pytest

from msctl.manifest.indentation import crooked_line

TEXT = [
    "services:", "  orders:", "    build: x", "    port: 1", "    database:", "      engine: postgres",
    "      version: 16", "    replicas: 2", "  stock:", "    build: y", "    port: 2",
]  # fmt: skip


@pytest.mark.parametrize(
    ("crooked", "by", "stumble"),
    [
        (4, -2, 5),
        (4, -4, 5),
        (3, 2, 4),
        (3, 1, 4),
        (10, -1, 11),
        (10, -2, 11),
        (5, -2, 8),
        (2, -1, 9),
        (6, 1, 7),
    ],
)
def test_the_line_that_left_its_place_is_blamed(crooked: int, by: int, stumble: int) -> None:
    lines = list(TEXT)
    old = lines[crooked - 1]
    lines[crooked - 1] = " " * by + old if by > 0 else old[-by:]
    assert crooked_line(tuple(lines), stumble) == crooked


def test_the_first_line_can_only_blame_itself() -> None:
    assert crooked_line(("  a: 1",), 1) == 1
