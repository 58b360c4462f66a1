"""What the gateway of a running project holds when containers fail: ``python -m benchmarks.gateway_system``.

Options: ``--rounds N`` and names of scenarios. Needs Docker and a quiet machine; the clients run here too and
reach the gateway through Docker's port on loopback, so the figures include both.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.bars import show
from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import container_ids, docker
from tests.e2e.gateway_view import circuit, instances, upstream
from tests.e2e.scripted import hung, journal, kill, rewrite, script, scripted_project
from tests.e2e.traffic import Answer, at_once, get, in_a_row, steady
from tests.integration.waiting import eventually

Figures = dict[str, float]

_WEB = ("web-1", "web-2", "web-3")
_PAIR = ("pair-1", "pair-2")
_FREE = ("free-1", "free-2")
_BRITTLE = ("brittle-1",)
_WAIT = 2.0
_CIRCUIT = {"window": 20, "minimum_calls": 10, "wait": "2s", "half_open_calls": 3}
_SERVICES: dict[str, dict[str, Any]] = {
    "web": {"replicas": 3, "circuit": _CIRCUIT},
    "pair": {"replicas": 2},
    "free": {"replicas": 2, "circuit": "off"},
    "brittle": {"replicas": 1, "circuit": {**_CIRCUIT, "wait": "60s"}},
}
_ROUTES: list[dict[str, Any]] = [
    {"path": f"/{name}/{{rest:path}}", "service": name, "rewrite": "/{rest}"} for name in _SERVICES
] + [
    {"path": "/once/{rest:path}", "service": "web", "rewrite": "/{rest}", "retries": 0},
    {"path": "/long/{rest:path}", "service": "free", "rewrite": "/{rest}", "retries": 0, "timeout": "30s"},
    {"path": "/all", "aggregate": {
        "slow": {"call": "GET free:/slow?delay=60"}, "quick": {"call": "GET pair:/quick"}}},
]  # fmt: skip
_PATIENCE = 60.0


def one_bad_of_three(system: Checkout) -> Figures:
    """1 of 3 replicas answers 500."""
    script(system, "web-1", status=500)
    answers = in_a_row(system.port, 1020, "/web/x")[20:]
    return {
        "client errors after the first 20, % (<= 1)": 100.0 * _failed(answers) / len(answers),
        "circuit not closed (0)": float(circuit(system, "web")["state"] != "closed"),
    }


def three_bad_of_three(system: Checkout) -> Figures:
    """All replicas answer 500, and heal at once when the circuit has opened."""
    script(system, *_WEB, status=500)
    calls = 1
    while get(system.port, "/once/x").status != 503:
        calls += 1
    opened = time.perf_counter()
    script(system, *_WEB)
    eventually(lambda: get(system.port, "/once/x") and circuit(system, "web")["state"] == "closed")
    return {
        "calls until open (<= 10)": float(calls - 1),
        "closed again beyond the wait, s (<= 1)": time.perf_counter() - opened - _WAIT,
    }


def open_circuit(system: Checkout) -> Figures:
    """A circuit that stays open for a minute."""
    script(system, *_BRITTLE, status=500)
    eventually(lambda: get(system.port, "/brittle/x").status == 503)
    before = _arrived(system, *_BRITTLE)
    refused = in_a_row(system.port, 300, "/brittle/x")
    reached = _arrived(system, *_BRITTLE) - before
    assert {answer.status for answer in refused} == {503}
    return {
        "open answers p50, ms": 1000.0 * _percentile(refused, 0.50),
        "open answers p99, ms (<= 5)": 1000.0 * _percentile(refused, 0.99),
        "calls upstream while open (0)": float(reached),
    }


def killed_replica(system: Checkout) -> Figures:
    """kill -9 of one of two under 200 requests/s, until it has its share again."""
    with steady(system.port, 200, "/pair/x", longest=2 * _PATIENCE) as answers:
        eventually(lambda: len(answers) >= 400)
        killed = time.perf_counter()
        kill(system, "pair-1")
        before = _arrived(system, "pair-1")
        eventually(lambda: _arrived(system, "pair-1") > before, timeout=_PATIENCE)
        back = time.perf_counter() - killed
        eventually(lambda: len(answers) >= 2000, timeout=_PATIENCE)
    return {
        "failed requests (0)": float(_failed(answers)),
        "slowest, ms": 1000.0 * max(answer.seconds for answer in answers),
        "traffic again after, s": back,
    }


def hung_replica(system: Checkout) -> Figures:
    """SIGSTOP of one of two under 200 requests/s for nearly ten seconds."""
    with steady(system.port, 200, "/pair/x", longest=2 * _PATIENCE) as answers:
        eventually(lambda: len(answers) >= 400)
        with hung(system, "pair-1"):
            eventually(lambda: len(answers) >= 1900, timeout=_PATIENCE)
    return {
        "failed requests (0)": float(_failed(answers)),
        "slowest, ms (<= 2000)": 1000.0 * max(answer.seconds for answer in answers),
    }


def deadlines(system: Checkout) -> Figures:
    """How far from a caller's 500 ms the answer comes."""
    wish = {"X-Timeout-Ms": "500"}
    plain = in_a_row(system.port, 10, "/long/x?delay=60", wish)
    whole = in_a_row(system.port, 10, "/all", wish)
    assert {answer.status for answer in plain} == {504}
    assert {answer.json()["_complete"] for answer in whole} == {False}
    return {
        "a call, furthest from it, ms (<= 50)": _furthest(plain, 0.5),
        "an aggregate, furthest from it, ms (<= 50)": _furthest(whole, 0.5),
    }


def retry_budget(system: Checkout) -> Figures:
    """A whole service down under 100 requests/s for ten seconds, retries on, no circuit."""
    script(system, *_FREE, status=500)
    before = _arrived(system, *_FREE)
    with steady(system.port, 100, "/free/x", longest=10.0) as answers:
        eventually(lambda: len(answers) >= 1000, timeout=_PATIENCE)
    arrived = _arrived(system, *_FREE) - before
    return {"calls upstream for each request (<= 1.23)": arrived / len(answers)}


def bulkhead(system: Checkout) -> Figures:
    """100 stuck requests to one service beside ordinary ones to another."""
    alone = in_a_row(system.port, 1000, "/pair/x")
    with ThreadPoolExecutor(1) as pool:
        stuck = pool.submit(at_once, system.port, 100, "/long/x?delay=60", {"X-Timeout-Ms": "8000"})
        eventually(lambda: upstream(system, "free")["in_flight"] == 100)
        beside = in_a_row(system.port, 1000, "/pair/x")
        ended = stuck.result()
    return {
        "other route's p99, times what it was (< 2)": _percentile(beside, 0.99) / _percentile(alone, 0.99),
        "stuck requests without a 504 (0)": float(sum(answer.status != 504 for answer in ended)),
    }


def none_passing(system: Checkout) -> Figures:
    """Every instance of a service is critical."""
    script(system, *_FREE, ready=False)
    eventually(lambda: not instances(system, "free"), timeout=_PATIENCE)
    answers = in_a_row(system.port, 200, "/free/x")
    assert {answer.status for answer in answers} == {503}
    return {"the 503 p99, ms (< 50)": 1000.0 * _percentile(answers, 0.99)}


def consul_away(system: Checkout) -> Figures:
    """Consul killed for a minute under 50 requests/s."""
    with steady(system.port, 50, "/pair/x", longest=90.0) as answers:
        docker("stop", "--time", "0", system.name("registry"))
        killed, before = time.perf_counter(), len(answers)
        eventually(lambda: upstream(system, "pair")["trouble"])
        said = time.perf_counter() - killed
        eventually(lambda: len(answers) >= before + 3000, timeout=90.0)
        docker("start", system.name("registry"))
        started = time.perf_counter()
        eventually(lambda: upstream(system, "pair")["trouble"] is None, timeout=_PATIENCE)
    return {
        "failed requests (0)": float(_failed(answers)),
        "slowest, ms": 1000.0 * max(answer.seconds for answer in answers),
        "said after, s": said,
        "back after its start, s": time.perf_counter() - started,
    }


def watched_status(system: Checkout) -> Figures:
    """From the gateway's change to the line of ``msctl status --watch --json``."""
    with system.start("status", "--watch", "--json") as watch, ThreadPoolExecutor(1) as pool:
        try:
            assert watch.stdout is not None
            lines = watch.stdout
            _moment(lines, "closed")
            delays = []
            for action, state in (("trip", "open"), ("reset", "closed")):
                shown = pool.submit(_moment, lines, state)
                system.msctl("circuits", action, "web").good()
                changed = time.perf_counter()
                delays.append(shown.result() - changed)
        finally:
            watch.kill()
    return {"open shown after the command's end, s (<= 1)": delays[0], "closed shown, s (<= 1)": delays[1]}


def reload(system: Checkout) -> Figures:
    """``msctl up`` with a new route under 100 requests/s."""
    added = {"path": "/new", "service": "free", "rewrite": "/"}
    with steady(system.port, 100, "/pair/x", longest=60.0) as answers:
        eventually(lambda: len(answers) >= 100)
        before = container_ids(system.project)
        rewrite(system, _SERVICES, [*_ROUTES, added])
        began = time.perf_counter()
        system.msctl("up").good()
        seconds = time.perf_counter() - began
        replaced = len(container_ids(system.project).items() - before.items())
        assert get(system.port, "/new").status == 200
    rewrite(system, _SERVICES, _ROUTES)
    system.msctl("up").good()
    return {
        "failed requests (0)": float(_failed(answers)),
        "containers replaced (0)": float(replaced),
        "msctl up, s": seconds,
    }


SCENARIOS: Mapping[str, Callable[[Checkout], Figures]] = {
    "one-bad-of-three": one_bad_of_three,
    "three-bad-of-three": three_bad_of_three,
    "open-circuit": open_circuit,
    "killed-replica": killed_replica,
    "hung-replica": hung_replica,
    "deadlines": deadlines,
    "retry-budget": retry_budget,
    "bulkhead": bulkhead,
    "none-passing": none_passing,
    "consul-away": consul_away,
    "watched-status": watched_status,
    "reload": reload,
}


def main() -> int:
    """Run the named scenarios, all without names, and print one table; 1 if a median misses its bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*SCENARIOS, []], help="scenarios to run")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is run")
    options = parser.parse_args()
    missed = 0
    print(f"{'':<52}{'median':>10}{'least':>10}{'most':>10}")
    with (
        tempfile.TemporaryDirectory() as folder,
        scripted_project(Path(folder) / "system", _SERVICES, _ROUTES) as system,
    ):
        for name in options.names or SCENARIOS:
            print(f"{name}: {SCENARIOS[name].__doc__}", flush=True)
            missed += show(_rounds(system, SCENARIOS[name], options.rounds))
    return 1 if missed else 0


def _rounds(system: Checkout, scenario: Callable[[Checkout], Figures], rounds: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        try:
            for figure, value in scenario(system).items():
                found.setdefault(figure, []).append(value)
        finally:
            _mend(system)
    return found


def _mend(system: Checkout) -> None:
    """All well again, every instance in the gateway's hands and none ejected."""
    script(system, *_WEB, *_PAIR, *_FREE, *_BRITTLE)
    for service, count in (("web", 3), ("pair", 2), ("free", 2), ("brittle", 1)):
        eventually(lambda s=service, n=count: _whole(system, s, n), timeout=_PATIENCE)  # type: ignore[misc]
    for service in ("web", "pair", "brittle"):
        system.msctl("circuits", "reset", service).good()


def _whole(system: Checkout, service: str, count: int) -> bool:
    found = upstream(system, service)["instances"]
    return len(found) == count and not any(instance["ejected"] for instance in found)


def _failed(answers: Sequence[Answer]) -> int:
    return sum(answer.status != 200 for answer in answers)


def _percentile(answers: Sequence[Answer], share: float) -> float:
    ordered = sorted(answer.seconds for answer in answers)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _furthest(answers: Sequence[Answer], due: float) -> float:
    return 1000.0 * max(abs(answer.seconds - due) for answer in answers)


def _arrived(system: Checkout, *names: str) -> int:
    return len(journal(system, *names))


def _moment(lines: Iterator[str], state: str) -> float:
    """When a report came that shows the circuit of ``web`` in ``state``."""
    for line in lines:
        states = {found["callee"]: found["state"] for found in json.loads(line)["circuits"]}
        if states.get("web") == state:
            return time.perf_counter()
    sys.exit("msctl status --watch ended")


if __name__ == "__main__":
    sys.exit(main())
