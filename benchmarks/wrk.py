"""Load from wrk, and what it saw."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.proxies import Running

_SCRIPT = """
function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\\n{"requests": %d, "seconds": %f, "errors": %d, "p50": %f, "p99": %f}\\n',
    summary.requests, summary.duration / 1e6, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
"""
_VARY = """
local trip = 0
function request()
  trip = trip + 1
  wrk.headers["X-Trip"] = tostring(trip)
  return wrk.format("GET", wrk.path .. trip)
end
"""
_PAUSE = """
function delay() return math.random(0, %d) end
"""
_STUCK_SECONDS = 60.0
BROWSER = (
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Accept: application/json, text/plain, */*",
    "Accept-Language: en-GB,en;q=0.7,de;q=0.3",
    "Accept-Encoding: gzip, deflate, br, zstd",
    "Referer: http://shop.example/basket?step=2",
    "Cookie: session=5a1f0e9c77b24a7e8e0c; theme=dark; consent=1",
    "X-Requested-With: XMLHttpRequest",
    "Sec-Fetch-Mode: cors",
    "Cache-Control: no-cache",
)


@dataclass(frozen=True)
class Seen:
    """One run: ``p50`` and ``p99`` in milliseconds, ``cpu`` the proxy's microseconds for each request."""

    rate: float
    p50: float
    p99: float
    cpu: float


def load(
    target: Running,
    folder: Path,
    seconds: float,
    path: str = "/",
    headers: tuple[str, ...] = (),
    connections: int = 32,
    pause: int | None = None,
    vary: bool = False,
) -> Seen:
    """Keep ``connections`` busy; with ``pause`` each waits up to so many milliseconds after an answer.

    With ``vary`` no two requests have the same target or the same headers.
    """
    script = folder / "wrk.lua"
    script.write_text(_SCRIPT + ("" if pause is None else _PAUSE % pause) + (_VARY if vary else ""))
    given = [part for header in headers for part in ("-H", header)]
    command = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds:g}s", "-s", str(script), *given]
    before = target.cpu()
    url = f"http://127.0.0.1:{target.port}{path}"
    patience = seconds + _STUCK_SECONDS
    output = subprocess.run(
        [*command, url], check=True, capture_output=True, text=True, timeout=patience
    ).stdout
    used = target.cpu() - before
    found = json.loads(output.splitlines()[-1])
    if found["errors"] or not found["requests"]:
        raise RuntimeError(f"the load met errors: {found}")
    count = found["requests"]
    return Seen(count / found["seconds"], found["p50"], found["p99"], 1e6 * used / count)
