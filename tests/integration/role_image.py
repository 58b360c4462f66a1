"""The image of a platform role, built from its recipe when it is not there."""

from __future__ import annotations

import tempfile
from pathlib import Path

import docker

from msctl.engine.images.ensure import ensure
from msctl.engine.images.roles import Wanted
from msctl.events import NullSink


def role_image(role: str) -> str:
    """Reference of an image for ``role``."""
    client = docker.from_env()
    wanted = Wanted(role)
    try:
        with tempfile.TemporaryDirectory() as logs:
            return ensure(client, [wanted], "auto", NullSink(), Path(logs))[wanted].reference
    finally:
        client.close()
