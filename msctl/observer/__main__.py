"""``python -m msctl.observer --state /var/lib/msctl --token-file /run/secrets/observer_token``."""

from __future__ import annotations

import argparse
from pathlib import Path

from msctl.ending import leave
from msctl.observer.neighbours import Places
from msctl.observer.process import Settings, run

ROOM = 512 * 1024 * 1024


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(
        prog="python -m msctl.observer", description="Stores and serves what containers write."
    )
    parser.add_argument("--state", type=Path, required=True, help="the folder for what is kept")
    parser.add_argument("--token-file", type=Path, required=True, help="a file with what callers must show")
    parser.add_argument("--port", type=int, default=8081)
    parser.add_argument("--consul", default="http://registry:8500", help="where Consul is")
    parser.add_argument("--agent", default=Places().agent, help="where the agent is")
    parser.add_argument("--metrics", default=Places().metrics, help="where Prometheus is")
    parser.add_argument("--topology", type=Path, default=Path("/run/secrets/topology.json"))
    parser.add_argument("--room", type=int, default=ROOM, help="bytes for log lines")
    given = parser.parse_args(arguments)
    places = Places(given.agent, given.metrics)
    token = given.token_file.read_text().strip()
    return run(Settings(given.port, token, given.state, given.room, given.topology, given.consul, places))


if __name__ == "__main__":
    leave(main())
