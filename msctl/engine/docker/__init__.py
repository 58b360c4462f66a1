"""The Docker adapter of the engine port; the only package that imports ``docker``."""

from __future__ import annotations

from msctl.engine.docker.engine import DockerEngine, connect

__all__ = ["DockerEngine", "connect"]
