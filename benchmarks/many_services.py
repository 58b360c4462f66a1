"""What ``msctl up`` costs with many small services in one project, and what Compose v2 costs for the same.

Run: ``python -m benchmarks.many_services [ROUNDS]``, as root on a quiet machine with Docker. Every ``up``
starts from nothing but images; each service is a server of Python's own library, asked for readiness as in
``benchmarks.compose_file``. Linear growth is judged by what a service more costs: between the second and the
third size against between the first and the second.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.bars import show
from benchmarks.compose_file import compose_file
from benchmarks.compose_tool import compose_command, version
from tests.e2e.checkout import MSCTL, Checkout
from tests.e2e.manifests import declare, make_small

SIZES = (10, 25, 50)
ROUNDS = 2
_AGAINST = f"up of {SIZES[-1]}, of Compose's (<= 0.8)"
_GROWTH = "a service more, late of early (<= 1.25)"

Figures = dict[str, list[float]]


def main() -> int:
    """Measure and print one table; 1 if a bar is missed."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    compose = compose_command()
    figures: Figures = {}
    with tempfile.TemporaryDirectory() as folder:
        checkout = make_small(Path(folder) / "many")
        try:
            _build_images(checkout)
            for number in range(1, rounds + 1):
                print(f"round {number} of {rounds}", file=sys.stderr)
                _round(checkout, compose, Path(folder) / f"compose-{number}", figures)
        finally:
            checkout.sweep()
    against = f"Compose {version(compose)}" if compose else "no Compose v2 can be had here"
    print(f"median, least, most of {rounds} rounds; {against}")
    return int(show(figures) > 0)


def _round(checkout: Checkout, compose: Sequence[str] | None, folder: Path, figures: Figures) -> None:
    took = [_up(checkout, size) for size in SIZES]
    for size, seconds in zip(SIZES, took, strict=True):
        figures.setdefault(f"msctl up of {size}, s", []).append(seconds)
    early, late = ((took[n + 1] - took[n]) / (SIZES[n + 1] - SIZES[n]) for n in range(2))
    figures.setdefault("a service more, early, s", []).append(early)
    figures.setdefault("a service more, late, s", []).append(late)
    figures.setdefault(_GROWTH, []).append(late / early)
    if compose is not None:
        theirs = _compose_up(checkout, compose, folder)
        figures.setdefault(f"compose up --wait of {SIZES[-1]}, s", []).append(theirs)
        figures.setdefault(_AGAINST, []).append(took[-1] / theirs)


def _build_images(checkout: Checkout) -> None:
    _declare(checkout, SIZES[-1])
    checkout.msctl("up", timeout=1200.0).good()
    _down(checkout)


def _declare(checkout: Checkout, size: int) -> None:
    declare(checkout, {f"s{number:02}": {} for number in range(1, size + 1)})


def _down(checkout: Checkout) -> None:
    checkout.msctl("down", "--volumes", "--yes", timeout=600.0).good()


def _up(checkout: Checkout, size: int) -> float:
    """Seconds from nothing but images until all are healthy; the largest project stays up."""
    _declare(checkout, size)
    seconds = _seconds([str(MSCTL), "up"], checkout.folder)
    if size != SIZES[-1]:
        _down(checkout)
    return seconds


def _compose_up(checkout: Checkout, compose: Sequence[str], folder: Path) -> float:
    """The same containers as those that run, which are taken down first."""
    folder.mkdir()
    file = compose_file(checkout.project, {}, folder)
    _down(checkout)
    command = [*compose, "-f", str(file)]
    try:
        return _seconds([*command, "up", "--detach", "--wait"], folder)
    finally:
        subprocess.run([*command, "down", "--volumes"], cwd=folder, capture_output=True, check=False)


def _seconds(command: Sequence[str], folder: Path) -> float:
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
