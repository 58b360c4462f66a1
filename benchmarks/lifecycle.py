"""What the everyday commands cost on the shop, and what Compose v2 costs for the same containers.

Run: ``python -m benchmarks.lifecycle [ROUNDS]``, as root on a quiet machine with Docker. The rounds of
msctl and Compose alternate, each from empty volumes with all images present.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml

from benchmarks.compose_file import compose_file
from benchmarks.compose_tool import compose_command, version
from tests.e2e.checkout import MSCTL, Checkout
from tests.e2e.manifests import copy_shop

ROUNDS = 5
_REPEATS = 5
_UP, _COMPOSE_UP = "msctl up", "compose up --wait"
_NOTHING, _COMPOSE_NOTHING = "msctl up, nothing to do", "compose up, nothing to do"
_DOWN, _COMPOSE_DOWN = "msctl down", "compose down"
BARS = ((_UP, _COMPOSE_UP, 0.70), (_NOTHING, _COMPOSE_NOTHING, 0.50), (_DOWN, _COMPOSE_DOWN, 0.70))
"""Ours, theirs, and how much of theirs ours may cost."""

Times = dict[str, list[float]]


def main() -> int:
    """Measure and print one table; 1 if a bar against Compose is missed."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    command = compose_command()
    with tempfile.TemporaryDirectory() as folder, _shop(Path(folder)) as shop:
        times = measure(shop, command, rounds, Path(folder) / "compose")
    print(table(times))
    if command is None:
        print("\nNo Compose v2 can be had here: absolute figures only.")
        return 0
    print(f"\nagainst Compose {version(command)}")
    return int(sum([_missed(times, *bar) for bar in BARS]) > 0)


def _missed(times: Times, ours: str, theirs: str, bar: float) -> bool:
    ratio = statistics.median(times[ours]) / statistics.median(times[theirs])
    missed = ratio > bar
    print(f"{ours}: {ratio:.2f} of {theirs} (at most {bar:.2f}){'  MISSED' if missed else ''}")
    return missed


def measure(shop: Checkout, compose: tuple[str, ...] | None, rounds: int, folder: Path) -> Times:
    """Seconds of each command in each round."""
    times: Times = {}
    folder.mkdir()
    file = _prepare(shop, folder)
    for number in range(1, rounds + 1):
        print(f"round {number} of {rounds}", file=sys.stderr)
        _msctl_round(shop, times)
        if compose is not None:
            _compose_round([*compose, "-f", str(file)], times)
    return times


def table(times: Times) -> str:
    """Median and spread of each command."""
    lines = [f"{'command':<28}{'median':>9}{'least':>9}{'most':>9}{'runs':>6}"]
    for name, found in times.items():
        figures = (statistics.median(found), min(found), max(found))
        lines.append(
            f"{name:<28}" + "".join(f"{seconds:>7.2f} s" for seconds in figures) + f"{len(found):>6}"
        )
    return "\n".join(lines)


def _prepare(shop: Checkout, folder: Path) -> Path:
    """Build all images, and write down as a Compose file what then runs."""
    shop.msctl("up", timeout=1200.0).good()
    services = yaml.safe_load(shop.manifest.read_text())["services"]
    file = compose_file(shop.project, {name: entry["database"] for name, entry in services.items()}, folder)
    shop.msctl("down", "--volumes", "--yes").good()
    return file


def _msctl_round(shop: Checkout, times: Times) -> None:
    msctl = str(MSCTL)
    _timed(times, _UP, [msctl, "up"], shop.folder)
    for _ in range(_REPEATS):
        _timed(times, _NOTHING, [msctl, "up"], shop.folder)
        _timed(times, "msctl status", [msctl, "status"], shop.folder)
        _timed(times, "msctl --help", [msctl, "--help"], shop.folder)
    _timed(times, _DOWN, [msctl, "down"], shop.folder)
    _run([msctl, "down", "--volumes", "--yes"], shop.folder)


def _compose_round(command: Sequence[str], times: Times) -> None:
    here = Path(command[-1]).parent
    try:
        _timed(times, _COMPOSE_UP, [*command, "up", "--detach", "--wait"], here)
        for _ in range(_REPEATS):
            _timed(times, _COMPOSE_NOTHING, [*command, "up", "--detach", "--wait"], here)
        _timed(times, _COMPOSE_DOWN, [*command, "down"], here)
    finally:
        _run([*command, "down", "--volumes"], here)


def _timed(times: Times, name: str, command: Sequence[str], folder: Path) -> None:
    start = time.perf_counter()
    _run(command, folder)
    times.setdefault(name, []).append(time.perf_counter() - start)


def _run(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


@contextmanager
def _shop(folder: Path) -> Iterator[Checkout]:
    checkout = copy_shop(folder / "shop")
    try:
        yield checkout
    finally:
        checkout.sweep()


if __name__ == "__main__":
    sys.exit(main())
