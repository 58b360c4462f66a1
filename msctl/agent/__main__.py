"""``python -m msctl.agent --project shop --consul http://registry:8500``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from msctl.agent.process import Settings, run
from msctl.ending import leave
from msctl.errors import MsctlError


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and work."""
    parser = argparse.ArgumentParser(
        prog="python -m msctl.agent", description="Keeps Consul equal to what runs."
    )
    parser.add_argument("--project", required=True, help="whose containers are looked after")
    parser.add_argument("--consul", required=True, help="where Consul is, e.g. http://registry:8500")
    parser.add_argument("--consul-token-file", type=Path, help="a file with the token for Consul")
    parser.add_argument("--doors", type=Path, help="who has which token, for a Consul that forgot it")
    parser.add_argument("--management-token-file", type=Path, help="the token that lets them in again")
    parser.add_argument("--externals", type=Path, help="services that run elsewhere (JSON)")
    parser.add_argument("--observer", help="where the observer is, e.g. http://observer:8081")
    parser.add_argument("--observer-token-file", type=Path, help="what it wants to see")
    parser.add_argument("--known-secrets", type=Path, help="what is taken out of log lines (JSON)")
    parser.add_argument("--queues", type=Path, help="where the broker is, and whose queues it has (JSON)")
    try:
        return run(Settings(**vars(parser.parse_args(arguments))))
    except MsctlError as exc:
        print(exc.message, file=sys.stderr)
        return exc.exit_code


if __name__ == "__main__":
    leave(main())
