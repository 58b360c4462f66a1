"""The pictures of the documentation are small, show nobody's machine, and ask no server for anything."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.captures import HEAD, TAIL, shortened

PICTURES = sorted((Path(__file__).parents[3] / "docs" / "pictures").iterdir())
MOST = {".svg": 100_000, ".png": 200_000}
ADDRESS = re.compile(r"https?://[^\s\"&<]+")
PLACE = re.compile(r"/(?:home|root|tmp|work|Users)/")


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_a_picture_is_small(path: Path) -> None:
    assert path.stat().st_size < MOST[path.suffix]


@pytest.mark.parametrize("path", [p for p in PICTURES if p.suffix == ".svg"], ids=lambda path: path.name)
def test_a_picture_shows_nobodys_machine_and_asks_no_server(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert PLACE.search(text) is None
    assert "@font-face" not in text
    others = ("http://www.w3.org/", "https://www.textualize.io", "http://127.0.0.1:", "http://auth:")
    assert [found for found in ADDRESS.findall(text) if not found.startswith(others)] == []


def test_the_middle_of_what_is_long_is_left_out() -> None:
    lines = [str(number) for number in range(HEAD + TAIL + 5)]
    assert shortened(lines[: HEAD + TAIL + 1]) == lines[: HEAD + TAIL + 1]
    found = shortened(lines)
    assert (found[0], found[HEAD], found[-1]) == ("0", "… 5 more lines", lines[-1])
