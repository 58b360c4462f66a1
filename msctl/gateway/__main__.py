"""``python -m msctl.gateway --config gateway.yaml``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from msctl.ending import leave
from msctl.errors import ManifestInvalid, MsctlError
from msctl.gateway import serve


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, serve, and report what is wrong with the document on stderr."""
    parser = argparse.ArgumentParser(
        prog="python -m msctl.gateway", description="One front door for services."
    )
    parser.add_argument("--config", type=Path, required=True, help="the gateway's document (YAML or JSON)")
    try:
        return serve(parser.parse_args(arguments).config)
    except MsctlError as exc:
        print(exc.message, file=sys.stderr)
        for problem in exc.problems if isinstance(exc, ManifestInvalid) else ():
            print(f"  {problem}", file=sys.stderr)
        return exc.exit_code


if __name__ == "__main__":
    leave(main())
