"""What a project costs that nobody uses: CPU and memory of each container of the platform, from the engine.

Usage: ``python -m benchmarks.idle PROJECT [SECONDS]`` beside a project that runs (default 60 s). CPU is each
container's own time, so that a busy machine matters little; memory is without the page cache.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

import docker

from msctl import labels

CPU_BAR, MEMORY_BAR = 3.0, 450
"""Per cent of a core, and MiB, for the whole platform."""

_NOT_PLATFORM = frozenset({"service", "database"})


def looked(containers: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """By container: nanoseconds of CPU so far, and bytes of memory in use."""
    found = {}
    for name, container in containers.items():
        seen = container.stats(stream=False)
        memory = seen["memory_stats"]
        cache = memory.get("stats", {}).get("inactive_file", 0)
        found[name] = seen["cpu_stats"]["cpu_usage"]["total_usage"], memory.get("usage", 0) - cache
    return found


def main() -> None:
    """Measure and print a table; exits with 1 where a bar is missed."""
    project = sys.argv[1]
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 60.0
    listed = docker.from_env().containers.list(filters={"label": f"{labels.PROJECT}={project}"})
    parts = {c.labels[labels.ROLE]: c for c in listed if c.labels[labels.ROLE] not in _NOT_PLATFORM}
    before, begun = looked(parts), time.monotonic()
    time.sleep(seconds)
    after, lasted = looked(parts), time.monotonic() - begun
    print(f"{project}, {lasted:.0f} s\n\n| part | % of a core | MiB |\n|---|---|---|")
    cpu = {name: (after[name][0] - before[name][0]) / lasted / 1e7 for name in parts}
    memory = {name: after[name][1] / 2**20 for name in parts}
    for name in sorted(parts, key=lambda part: -cpu[part]):
        print(f"| {name} | {cpu[name]:.2f} | {memory[name]:.0f} |")
    whole, held = sum(cpu.values()), sum(memory.values())
    print(f"| together | {whole:.2f} | {held:.0f} |\n| bar | {CPU_BAR:g} | {MEMORY_BAR} |")
    sys.exit(whole > CPU_BAR or held > MEMORY_BAR)


if __name__ == "__main__":
    main()
