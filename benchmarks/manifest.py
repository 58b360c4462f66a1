"""How long msctl takes to import its manifest layer and to validate systems of growing size.

Run: ``python -m benchmarks.manifest``. Figures are processor time; exits with 1 where a bar is missed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.bars import show

SIZES = (1, 10, 50, 100)
BARS = {50: " (<= 150)"}
RUNS = 5
IMPORT = "import time; t = time.process_time(); import msctl.manifest; print(time.process_time() - t)"
SERVICE = """  s{n}:
    build: services/one
    replicas: 2
    database: postgres
    scopes: [s{n}:read, s{n}:write]
    calls: [s{next}]
    publishes: [s{n}.placed]
    subscribes: [s{next}.*]
    health: {{path: /readyz, live: /livez, interval: 2s, timeout: 1s}}
    stop_grace: 10s
    circuit: {{failure_rate: 50%, slow_call: 2s, window: 20, minimum_calls: 10, wait: 5s}}
    resources: {{memory: 256MiB, cpus: 0.5}}
    environment: {{LOG_LEVEL: info}}
"""
ROUTE = (
    '    - {{path: "/api/s{n}/{{rest:path}}", service: s{n}, scopes: [s{n}:read], timeout: 2s, retries: 2}}\n'
)


def system(count: int) -> str:
    """A manifest of ``count`` services with a route each."""
    routes = "".join(ROUTE.format(n=n) for n in range(count))
    services = "".join(SERVICE.format(n=n, next=(n + 1) % count if count > 1 else "") for n in range(count))
    text = f"project: bench\ngateway:\n  routes:\n{routes}services:\n{services}"
    return text.replace("    calls: [s]\n", "").replace("    subscribes: [s.*]\n", "") if count == 1 else text


def import_times() -> Sequence[float]:
    """Importing the manifest layer, pydantic included, in fresh interpreters, in milliseconds."""
    command = [sys.executable, "-c", IMPORT]
    return [
        1000 * float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        for _ in range(RUNS)
    ]


def times(run: Callable[[], object]) -> Sequence[float]:
    """Several runs, in milliseconds."""
    found = []
    for _ in range(RUNS):
        start = time.process_time()
        run()
        found.append(1000 * (time.process_time() - start))
    return found


def main() -> None:
    """Print the table."""
    from msctl.manifest.loading import load  # noqa: PLC0415

    figures = {"import, ms": import_times()}
    with tempfile.TemporaryDirectory() as folder:
        service = Path(folder) / "services" / "one"
        service.mkdir(parents=True)
        (service / "Dockerfile").write_text("FROM scratch\n")
        path = Path(folder) / "msctl.yaml"
        for count in SIZES:
            path.write_text(system(count))
            figures[f"validate {count} services, ms{BARS.get(count, '')}"] = times(lambda: load(path, {}))
    sys.exit(1 if show(figures) else 0)


if __name__ == "__main__":
    main()
