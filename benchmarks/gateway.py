"""What a proxied request costs, beside nginx, HAProxy and Caddy: ``python -m benchmarks.gateway``.

Options: ``--rounds N``, ``--seconds N`` and names of parts. Each proxy has one worker on loopback before the
same nginx, and they take turns. The tools come from Debian's packages (as root, where they are missing). The
bars are ratios to what another proxy does in the same run: 28 µs are wanted where nginx takes 8.5.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

from benchmarks import bulk, proxies
from benchmarks.bars import show
from benchmarks.proxies import Running
from benchmarks.wrk import BROWSER, Seen, load
from tests.unit.auth.corpus import AUDIENCE, ISSUER, good, key_set

PAUSE = 10
"""Longest pause in milliseconds of a paced connection, ..."""

PACE = 0.0055
"""... and about how many seconds lie between its requests then."""

T = TypeVar("T")
Figures = dict[str, list[float]]
"""Values of the rounds, by what they are; a bar stands in the name."""

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

    def turns(self, names: Sequence[str], measure: Callable[[Running], T]) -> Iterator[dict[str, T]]:
        """Measure each proxy in turn, ``rounds`` times over."""
        for _ in range(self.rounds):
            seen: dict[str, T] = {}
            for name in names:
                with proxies.PROXIES[name](self.folder, self.behind) as running:
                    seen[name] = measure(running)
            yield seen


def plain(bench: Bench, headers: tuple[str, ...] = ()) -> Figures:
    """A GET with one header, a JSON answer of 124 bytes, 32 connections."""
    rounds = _table(bench, lambda running: _warm(bench, running, headers))
    return {
        "CPU, times nginx's (<= 3.3)": _ratios(rounds, "cpu", "nginx"),
        "CPU, times Caddy's (<= 0.5)": _ratios(rounds, "cpu", "caddy"),
        "requests/s, of nginx's (>= 0.417)": _ratios(rounds, "rate", "nginx"),
    }


def browser(bench: Bench) -> Figures:
    """The same with the ten headers of a browser."""
    return plain(bench, BROWSER)


def varied(bench: Bench) -> Figures:
    """A browser's ten headers and one more; no request and no answer has the head of another."""

    def measure(running: Running) -> Seen:
        load(running, bench.folder, 1.0, VARIED, BROWSER, vary=True)
        return load(running, bench.folder, bench.seconds, VARIED, BROWSER, vary=True)

    rounds = _table(bench, measure)
    return {f"CPU, times {name}'s": _ratios(rounds, "cpu", name) for name in ("nginx", "caddy")}


def token(bench: Bench) -> Figures:
    """A token that is checked on every request, and the same one where none is asked for."""
    keys = bench.folder / "jwks.json"
    keys.write_text(json.dumps(key_set()))
    guard = {"issuer": ISSUER, "audience": AUDIENCE, "jwks": str(keys)}
    added: list[float] = []
    for _ in range(bench.rounds):
        header = f"Authorization: Bearer {good(time.time())}"
        costs: list[float] = []
        for auth in (None, guard):
            with proxies.msctl(bench.folder, bench.behind, auth=auth) as running:
                costs.append(_warm(bench, running, (header,)).cpu)
        added.append(costs[1] - costs[0])
    return {"CPU of a token that is checked, µs": added}


def half_load(bench: Bench) -> Figures:
    """Latency at half of what each proxy does, and of all at half of what the gateway does."""
    own: dict[str, list[Paced]] = {name: [] for name in proxies.PROXIES}
    ours: dict[str, list[Paced]] = {name: [] for name in proxies.PROXIES}
    nobody = Running(bench.behind, None)
    for _ in range(bench.rounds):
        most = {name: _most(bench, name) for name in proxies.PROXIES}
        beside = _paced(bench, nobody, most["msctl"] / 2)
        for name, rate in most.items():
            alone = _paced(bench, nobody, rate / 2)
            with proxies.PROXIES[name](bench.folder, bench.behind) as running:
                load(running, bench.folder, 1.0, PATH)
                own[name].append(Paced(_paced(bench, running, rate / 2), alone))
                ours[name].append(Paced(_paced(bench, running, most["msctl"] / 2), beside))
    return {
        "p99 added at half of its own, times nginx's (<= 2)": [_compared("half of its own", own)],
        "p99 added at half of ours, times nginx's (<= 2)": [_compared("half of ours", ours)],
    }


class Paced(NamedTuple):
    """What was seen ``through`` a proxy and, at about the same rate, ``without`` any."""

    through: Seen
    without: Seen

    @property
    def added(self) -> float:
        """Milliseconds that the proxy adds to the p99."""
        return self.through.p99 - self.without.p99


def _most(bench: Bench, name: str) -> float:
    """Requests a second that a proxy does."""
    with proxies.PROXIES[name](bench.folder, bench.behind) as running:
        return _warm(bench, running, ()).rate


def _paced(bench: Bench, target: Running, rate: float) -> Seen:
    return load(target, bench.folder, bench.seconds, PATH, (), max(1, round(rate * PACE)), PAUSE)


def _compared(title: str, seen: Mapping[str, Sequence[Paced]]) -> float:
    """What the gateway adds as a multiple of what nginx adds, both medians."""
    added = {name: statistics.median(one.added for one in rounds) for name, rounds in seen.items()}
    for name, rounds in seen.items():
        rate = statistics.median(one.through.rate for one in rounds)
        p99 = statistics.median(one.through.p99 for one in rounds)
        _row(f"{name}, {title}", f"{rate:,.0f}", "p99 ms", p99, "added", added[name])
    return added["msctl"] / added["nginx"]


def big_bodies(bench: Bench) -> Figures:
    """1 GiB down and up: MiB/s, and by how many MiB the proxy grew meanwhile."""
    figures: Figures = {}
    with bulk.store() as behind:
        stored = Bench(bench.folder, behind, bench.rounds, bench.seconds)
        for direction in (bulk.down, bulk.up):
            rounds = list(stored.turns(("nginx", "msctl"), direction))
            way = direction.__name__
            for name in ("nginx", "msctl"):
                rate = statistics.median(seen[name].rate for seen in rounds)
                grown = max(seen[name].grown for seen in rounds)
                _row(f"{name} {way}", "", "MiB/s", rate, "grown MiB", grown)
            figures[f"{way}, of nginx's (>= 0.7)"] = _ratios(rounds, "rate", "nginx")
            figures[f"{way}, MiB grown (<= 4)"] = [seen["msctl"].grown for seen in rounds]
    return figures


def many_routes(bench: Bench) -> Figures:
    """The gateway with 10 routes and with 10 000."""
    ratios: list[float] = []
    for _ in range(bench.rounds):
        costs: list[float] = []
        for routes in (10, 10_000):
            with proxies.msctl(bench.folder, bench.behind, routes) as running:
                costs.append(_warm(bench, running, ()).cpu)
        ratios.append(costs[1] / costs[0])
    return {"CPU with 10 000 routes, times that with 10 (<= 1.1)": ratios}


PARTS: Mapping[str, Callable[[Bench], Figures]] = {
    "plain": plain,
    "browser": browser,
    "varied": varied,
    "token": token,
    "half-load": half_load,
    "big-bodies": big_bodies,
    "many-routes": many_routes,
}


def main() -> int:
    """Run the named parts, all without names, and print a table and the bars of each; 1 if one is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*PARTS, []], help="parts to run")
    parser.add_argument("--rounds", type=int, default=5, help="how often each proxy has its turn")
    parser.add_argument("--seconds", type=float, default=4.0, help="how long it is loaded then")
    options = parser.parse_args()
    proxies.install_missing()
    missed = 0
    print(f"load of the machine before: {os.getloadavg()[0]:.1f}, processors: {os.cpu_count()}")
    with _bench(options.rounds, options.seconds) as bench:
        for name in options.names or PARTS:
            print(f"{name}: {PARTS[name].__doc__}", flush=True)
            missed += show(PARTS[name](bench))
    print(f"load of the machine after: {os.getloadavg()[0]:.1f}")
    return 1 if missed else 0


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
    print(f"  {title:<26}{rate:>12}{what:>14}{value:>9.2f}{other:>14}{compared:>9.2f}", flush=True)


def _ratios(rounds: Sequence[Mapping[str, object]], what: str, other: str) -> list[float]:
    """The gateway's figure in each round, as a multiple of another proxy's."""
    return [getattr(seen["msctl"], what) / getattr(seen[other], what) for seen in rounds]


def _table(bench: Bench, measure: Callable[[Running], Seen]) -> list[dict[str, Seen]]:
    rounds = list(bench.turns(list(proxies.PROXIES), measure))
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
    return rounds


if __name__ == "__main__":
    sys.exit(main())
