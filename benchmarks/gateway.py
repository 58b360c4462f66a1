"""What a proxied request costs, beside nginx, HAProxy and Caddy: ``python -m benchmarks.gateway``.

Options: ``--rounds N``, ``--seconds N`` and names of parts. Each proxy has one worker on loopback before the
same nginx, and they take turns. The tools come from Debian's packages (as root, where they are missing).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from benchmarks import bulk, proxies
from benchmarks.proxies import Running
from benchmarks.wrk import BROWSER, Seen, load
from tests.unit.auth.corpus import AUDIENCE, ISSUER, good, key_set

CONNECTIONS, PAUSE = 64, 10
"""Connections and longest pause in milliseconds that make about 12 000 requests/s, half of the goal."""

T = TypeVar("T")
PATH = "/api/7/x"
VARIED = "/varied/"
_HEADINGS = ("", "requests/s", "p50 ms", "p99 ms", "CPU µs", "CPU, times nginx's")


@dataclass(frozen=True)
class Bench:
    """Where the proxies run and for how long each is loaded."""

    folder: Path
    behind: int
    rounds: int
    seconds: float

    def turns(self, names: Sequence[str], measure: Callable[[Running], T]) -> Iterator[tuple[str, T]]:
        """Measure each proxy in turn, ``rounds`` times over."""
        for _ in range(self.rounds):
            for name in names:
                with proxies.PROXIES[name](self.folder, self.behind) as running:
                    yield name, measure(running)


def plain(bench: Bench, headers: tuple[str, ...] = ()) -> None:
    """A GET with one header, a JSON answer of 124 bytes, 32 connections."""
    _table(bench, lambda running: _warm(bench, running, headers))


def browser(bench: Bench) -> None:
    """The same with the ten headers of a browser."""
    plain(bench, BROWSER)


def varied(bench: Bench) -> None:
    """A browser's ten headers and one more; no request and no answer has the head of another."""

    def measure(running: Running) -> Seen:
        load(running, bench.folder, 1.0, VARIED, BROWSER, vary=True)
        return load(running, bench.folder, bench.seconds, VARIED, BROWSER, vary=True)

    _table(bench, measure)


def token(bench: Bench) -> None:
    """A token that is checked on every request, and the same one where none is asked for."""
    keys = bench.folder / "jwks.json"
    keys.write_text(json.dumps(key_set()))
    guard = {"issuer": ISSUER, "audience": AUDIENCE, "jwks": str(keys)}
    rows: dict[str, list[float]] = {"unchecked": [], "checked": []}
    for _ in range(bench.rounds):
        header = f"Authorization: Bearer {good(time.time())}"
        for name, auth in (("unchecked", None), ("checked", guard)):
            with proxies.msctl(bench.folder, bench.behind, auth=auth) as running:
                rows[name].append(_warm(bench, running, (header,)).cpu)
    bare = statistics.median(rows["unchecked"])
    for name, costs in rows.items():
        cost = statistics.median(costs)
        _row(name, "", "CPU µs", cost, "added", cost - bare)


def half_load(bench: Bench) -> None:
    """Latency at about 12 000 requests/s, without a proxy, through nginx, through the gateway."""
    rows: dict[str, list[Seen]] = {}

    def paced(target: Running) -> Seen:
        return load(target, bench.folder, bench.seconds, PATH, (), CONNECTIONS, PAUSE)

    for _ in range(bench.rounds):
        rows.setdefault("direct", []).append(paced(Running(bench.behind, None)))
        for name in ("nginx", "msctl"):
            with proxies.PROXIES[name](bench.folder, bench.behind) as running:
                rows.setdefault(name, []).append(paced(running))
    direct = statistics.median(seen.p99 for seen in rows["direct"])
    for name, seen in rows.items():
        p99 = statistics.median(one.p99 for one in seen)
        rate = statistics.median(one.rate for one in seen)
        _row(name, f"{rate:,.0f}", "p99 ms", p99, "added", p99 - direct)


def big_bodies(bench: Bench) -> None:
    """1 GiB down and up: MiB/s, and by how many MiB the proxy grew meanwhile."""
    with bulk.store() as behind:
        for direction in (bulk.down, bulk.up):
            rows: dict[str, list[bulk.Moved]] = {}
            stored = Bench(bench.folder, behind, bench.rounds, bench.seconds)
            for name, moved in stored.turns(("nginx", "msctl"), direction):
                rows.setdefault(name, []).append(moved)
            rates = {name: statistics.median(one.rate for one in moved) for name, moved in rows.items()}
            for name, rate in rates.items():
                grown = max(one.grown for one in rows[name])
                ratio = rate / rates["nginx"]
                title = f"{name} {direction.__name__}"
                print(
                    f"  {title:<24}{rate:>12,.0f}{'grown MiB':>12}{grown:>8.1f}{'x nginx':>12}{ratio:>8.2f}"
                )


def many_routes(bench: Bench) -> None:
    """The gateway with 10 routes and with 10 000."""
    rows: dict[int, list[float]] = {10: [], 10_000: []}
    for _ in range(bench.rounds):
        for routes, costs in rows.items():
            with proxies.msctl(bench.folder, bench.behind, routes) as running:
                costs.append(_warm(bench, running, ()).cpu)
    few = statistics.median(rows[10])
    for routes, costs in rows.items():
        cost = statistics.median(costs)
        _row(f"{routes:,}", "", "CPU µs", cost, "x 10 routes", cost / few)


PARTS: Mapping[str, Callable[[Bench], None]] = {
    "plain": plain,
    "browser": browser,
    "varied": varied,
    "token": token,
    "half-load": half_load,
    "big-bodies": big_bodies,
    "many-routes": many_routes,
}


def main() -> None:
    """Run the named parts, all without names, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*PARTS, []], help="parts to run")
    parser.add_argument("--rounds", type=int, default=5, help="how often each proxy has its turn")
    parser.add_argument("--seconds", type=float, default=4.0, help="how long it is loaded then")
    options = parser.parse_args()
    proxies.install_missing()
    print(f"load of the machine before: {os.getloadavg()[0]:.1f}, processors: {os.cpu_count()}")
    with _bench(options.rounds, options.seconds) as bench:
        for name in options.names or PARTS:
            print(f"{name}: {PARTS[name].__doc__}", flush=True)
            PARTS[name](bench)
    print(f"load of the machine after: {os.getloadavg()[0]:.1f}")


@contextmanager
def _bench(rounds: int, seconds: float) -> Iterator[Bench]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        with proxies.upstream(folder) as upstream:
            yield Bench(folder, upstream.port, rounds, seconds)


def _warm(bench: Bench, running: Running, headers: tuple[str, ...]) -> Seen:
    load(running, bench.folder, 1.0, PATH, headers)
    return load(running, bench.folder, bench.seconds, PATH, headers)


def _row(title: str, rate: str, what: str, value: float, other: str, compared: float) -> None:
    print(f"  {title:<12}{rate:>12}{what:>14}{value:>9.2f}{other:>14}{compared:>9.2f}", flush=True)


def _table(bench: Bench, measure: Callable[[Running], Seen]) -> None:
    rounds: list[dict[str, Seen]] = []
    for name, seen in bench.turns(list(proxies.PROXIES), measure):
        if name == "nginx":
            rounds.append({})
        rounds[-1][name] = seen
    print("  {:<12}{:>12}{:>9}{:>9}{:>9}   {}".format(*_HEADINGS))
    for name in proxies.PROXIES:
        ratios = sorted(turn[name].cpu / turn["nginx"].cpu for turn in rounds)
        figures = [
            statistics.median(getattr(turn[name], what) for turn in rounds)
            for what in ("rate", "p50", "p99", "cpu")
        ]
        spread = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        rate, p50, p99, cpu = figures
        print(f"  {name:<12}{rate:>12,.0f}{p50:>9.2f}{p99:>9.2f}{cpu:>9.1f}   {spread}", flush=True)


if __name__ == "__main__":
    main()
