"""``python -m msctl.auth --config auth.json --state auth.sqlite``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from msctl.auth.process import ADMIN_PORT, PORT, Place, run
from msctl.ending import leave
from msctl.errors import MsctlError


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, serve, and report what is wrong on stderr."""
    parser = argparse.ArgumentParser(prog="python -m msctl.auth", description="The OAuth 2.0 server.")
    parser.add_argument("--config", type=Path, required=True, help="clients, scopes and audiences (JSON)")
    parser.add_argument("--state", type=Path, required=True, help="where keys and revocations are kept")
    parser.add_argument("--consul", help="Consul's URL, to announce changes")
    parser.add_argument("--consul-token-file", type=Path, help="file of the token for it")
    parser.add_argument("--host", default="0.0.0.0", help="address to listen on")  # noqa: S104
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--admin-port", type=int, default=ADMIN_PORT)
    given = parser.parse_args(arguments)
    place = Place(
        given.config,
        given.state,
        given.consul,
        given.consul_token_file,
        given.host,
        given.port,
        given.admin_port,
    )
    try:
        return run(place)
    except (MsctlError, OSError) as exc:
        print(f"auth cannot start: {exc}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    leave(main())
