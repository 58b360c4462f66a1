"""The process `gateway`: routes requests to services, guards each call, and says why it failed."""

from __future__ import annotations

from pathlib import Path


def serve(config_path: Path) -> int:
    """Run the gateway with the document at ``config_path`` until SIGTERM; returns the exit code."""
    from msctl.gateway.process import run  # noqa: PLC0415  keeps `msctl --help` free of aiohttp

    return run(config_path)
