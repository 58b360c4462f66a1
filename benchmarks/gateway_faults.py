"""What the gateway must hold when services fail: ``python -m benchmarks.gateway_faults [NAME…]``."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from benchmarks.gateway_lab import Lab, Result, at_once, in_a_row, percentile, pipelined, steady

MOST_RETRIED = 1000 + 200 + 3 * 7 + 19
"""1000 requests in 5 s, retries for 20 % of them plus 3 a second, and some allowance for the edges."""

CIRCUIT: dict[str, Any] = {"window": 20, "minimum_calls": 10, "wait": "2s", "half_open_calls": 3}


class Row(NamedTuple):
    """One figure; ``holds`` tells whether it meets its bar, True where there is none."""

    what: str
    value: str
    holds: bool = True


async def one_bad_of_three() -> list[Row]:
    """1 of 3 replicas answers 500."""
    with Lab(3, service={"circuit": CIRCUIT}) as lab:
        lab.upstreams[0].mode("bad")
        result = await in_a_row(lab.port, 1000)
        share = result.failed(20) / 980
        return [
            Row("client errors after the first 20 (<= 1 %)", f"{share:.2%}", share <= 0.01),
            Row("circuit (closed)", state := lab.circuit()["state"], state == "closed"),
        ]


async def three_bad_of_three() -> list[Row]:
    """All replicas answer 500, then heal."""
    with Lab(3, service={"circuit": CIRCUIT}, route={"retries": 0}) as lab:
        for one in lab.upstreams:
            one.mode("bad")
        calls = 0
        while lab.circuit()["state"] == "closed":
            await in_a_row(lab.port, 1)
            calls += 1
        opened, before = time.perf_counter(), lab.counts()
        refused = await in_a_row(lab.port, 500)
        reached = lab.counts() - before
        for one in lab.upstreams:
            one.mode("good")
        while lab.circuit()["state"] != "closed":
            await in_a_row(lab.port, 1)
            await asyncio.sleep(0.05)
        closed = time.perf_counter() - opened
        p99 = percentile(refused.seconds, 0.99) * 1000
        return [
            Row("calls until open (10)", str(calls), calls <= CIRCUIT["minimum_calls"]),
            Row("open answers p99 (<= 5 ms)", f"{p99:.2f} ms", p99 <= 5),
            Row("of them upstream (0)", str(reached), reached == 0),
            Row("closed again after (<= wait 2 s + 1 s)", f"{closed:.2f} s", closed <= 3),
        ]


async def killed_replica() -> list[Row]:
    """kill -9 of one of two under 200 requests/s."""
    with Lab(2) as lab:
        load = asyncio.create_task(steady(lab.port, 200, 8))
        await asyncio.sleep(3)
        lab.upstreams[0].signal(signal.SIGKILL)
        result = await load
        return [_failed(result), _slowest(result)]


async def hung_replica() -> list[Row]:
    """SIGSTOP (docker pause) of one of two under 200 requests/s."""
    with Lab(2) as lab:
        load = asyncio.create_task(steady(lab.port, 200, 8))
        await asyncio.sleep(3)
        lab.upstreams[0].signal(signal.SIGSTOP)
        result = await load
        return [_failed(result), _slowest(result)]


async def deadlines() -> list[Row]:
    """How late a 504 (or an aggregate without its slow part) comes after its deadline."""
    aggregate = {"a": {"call": "GET orders:/slow"}, "b": {"call": "GET orders:/x"}}
    routes = [
        {"path": "/slow", "service": "orders", "timeout": "500ms"},
        {"path": "/all", "timeout": "500ms", "aggregate": aggregate},
    ]
    with Lab(2, document={"routes": routes}, service={"circuit": "off"}) as lab:
        rows: list[Row] = []
        for target in ("/slow", "/all"):
            result = await steady(lab.port, 20, 4, target)
            late = max(abs(seconds - 0.5) for seconds in result.seconds) * 1000
            what = f"{target}: furthest from 500 ms (<= 50 ms)"
            rows.append(Row(what, f"{late:.1f} ms, {result.counted()}", late <= 50))
        return rows


async def retry_budget() -> list[Row]:
    """The whole service down, 1000 requests with retries: 3."""
    rows: list[Row] = []
    for name, circuit in (("without circuit", "off"), ("with circuit", CIRCUIT)):
        with Lab(4, service={"circuit": circuit}, route={"retries": 3}) as lab:
            for one in lab.upstreams:
                one.mode("bad")
            await steady(lab.port, 200, 5)
            upstream = lab.counts()
            rows.append(
                Row(f"requests upstream of 1000 {name} (<= 1240)", str(upstream), upstream <= MOST_RETRIED)
            )
    return rows


async def bulkhead() -> list[Row]:
    """100 requests to a hung route beside an ordinary one, measured while all wait, in five rounds."""
    routes = [
        {"path": "/slow", "service": "orders", "timeout": "4s", "retries": 0},
        {"path": "/x", "service": "orders"},
    ]
    alone, beside, hung = Result(), Result(), Result()
    with Lab(2, document={"routes": routes}, service={"circuit": "off"}) as lab:
        for _ in range(5):
            alone.add(await steady(lab.port, 200, 2))
            slow = asyncio.create_task(at_once(lab.port, 100, "/slow"))
            while lab.in_flight() < 100:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            beside.add(await steady(lab.port, 200, 2))
            hung.add(await slow)
    p99 = (percentile(alone.seconds, 0.99) * 1000, percentile(beside.seconds, 0.99) * 1000)
    return [
        Row("other route's p99 alone and beside", f"{p99[0]:.2f} ms, {p99[1]:.2f} ms"),
        Row("of the quiet one (< 2 x)", f"{p99[1] / p99[0]:.2f} x", p99[1] < 2 * p99[0]),
        Row("hung route", hung.counted()),
    ]


async def idle_connections() -> list[Row]:
    """10 000 idle keep-alive connections and 200 slow heads beside ordinary traffic."""
    with Lab(2) as lab:
        await in_a_row(lab.port, 100)
        alone, before = await steady(lab.port, 100, 3), lab.memory()
        held = [await asyncio.open_connection("127.0.0.1", lab.port) for _ in range(10_200)]
        for _, writer in held[:200]:
            writer.write(b"GET /x HTTP/1.1\r\nHost: g\r\nX-Slow: ")
        beside = await steady(lab.port, 100, 3)
        memory = lab.memory() - before
        open_still = sum(not reader.at_eof() for reader, _ in held)
        for _, writer in held:
            writer.close()
        p99 = (percentile(alone.seconds, 0.99) * 1000, percentile(beside.seconds, 0.99) * 1000)
        return [
            Row("held (>= 10 000)", str(open_still), open_still >= 10_000),
            Row("failed beside them (0)", str(beside.failed()), beside.failed() == 0),
            Row("p99 alone and beside", f"{p99[0]:.1f} ms, {p99[1]:.1f} ms"),
            Row("memory for them", f"{memory:.0f} MiB"),
        ]


async def memory() -> list[Row]:
    """Resident memory over 10^6 requests."""
    with Lab(2) as lab:
        seen: list[float] = []
        failed = 0
        for _ in range(10):
            failed += sum(await asyncio.gather(*(pipelined(lab.port, 12_500) for _ in range(8))))
            seen.append(lab.memory())
        return [
            Row("failed of 1 000 000 (0)", str(failed), failed == 0),
            Row(
                "MiB after 10 %, 50 %, 100 % (flat: < 1.1 x)",
                f"{seen[0]:.1f}, {seen[4]:.1f}, {seen[9]:.1f}",
                seen[9] < 1.1 * seen[0],
            ),
        ]


async def many_routes() -> list[Row]:
    """10 000 routes against 10, at the gateway, taken in turns."""
    with _routed(10) as few, _routed(10_000) as many:
        seconds: dict[int, list[float]] = {few.port: [], many.port: []}
        failed = 0
        for _ in range(10):
            for lab in (few, many):
                result = await in_a_row(lab.port, 300, "/area7/item/7")
                failed += result.failed()
                seconds[lab.port] += result.seconds
        ratio = percentile(seconds[many.port], 0.5) / percentile(seconds[few.port], 0.5)
        return [
            Row("failed (0)", str(failed), failed == 0),
            Row("median with 10 000 of that with 10 (< 1.2 x)", f"{ratio:.2f} x", ratio < 1.2),
        ]


def _routed(count: int) -> Lab:
    routes = [{"path": f"/area{number}/{{name}}/{{id}}", "service": "orders"} for number in range(count)]
    return Lab(1, document={"routes": routes})


def _failed(result: Result) -> Row:
    return Row("failed requests (0)", f"{result.failed()} of {len(result.statuses)}", result.failed() == 0)


def _slowest(result: Result) -> Row:
    return Row("slowest", f"{max(result.seconds) * 1000:.0f} ms")


SCENARIOS: dict[str, Callable[[], Awaitable[list[Row]]]] = {
    "one-bad-of-three": one_bad_of_three,
    "three-bad-of-three": three_bad_of_three,
    "killed-replica": killed_replica,
    "hung-replica": hung_replica,
    "deadlines": deadlines,
    "retry-budget": retry_budget,
    "bulkhead": bulkhead,
    "idle-connections": idle_connections,
    "many-routes": many_routes,
    "memory": memory,
}


def main() -> int:
    """Run the named scenarios, all without names, and print one table; 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*SCENARIOS, []], help="scenarios to run")
    names = parser.parse_args().names or list(SCENARIOS)
    missed = 0
    for name in names:
        print(f"{name}: {SCENARIOS[name].__doc__}", flush=True)
        for row in asyncio.run(_run(SCENARIOS[name])):
            missed += not row.holds
            print(f"  {row.what:<48} {row.value}{'' if row.holds else '   MISSED'}", flush=True)
    return 1 if missed else 0


async def _run(scenario: Callable[[], Awaitable[list[Row]]]) -> list[Row]:
    return await scenario()


if __name__ == "__main__":
    sys.exit(main())
