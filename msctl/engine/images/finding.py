"""Whether the engine has an image: one look at it, which costs the engine far less than a filtered list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import docker
import docker.errors

from msctl.engine.images.docker_build import translated


@dataclass(frozen=True, slots=True)
class Found:
    """An image on the engine."""

    id: str
    labels: Mapping[str, str]


def find_image(client: docker.DockerClient, reference: str) -> Found | None:
    """The image that ``reference`` names, ``None`` if the engine has none; without a tag ``latest``."""
    with translated(f"{reference} could not be looked at"):
        try:
            found: Mapping[str, Any] = client.api.inspect_image(reference)  # type: ignore[no-untyped-call]
        except docker.errors.ImageNotFound:
            return None
    return Found(found["Id"], (found.get("Config") or {}).get("Labels") or {})
