"""Starting a test container of one's own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from msctl import labels
from msctl.engine.port import Engine, Identity
from msctl.model.desired import ContainerSpec


def launch(engine: Engine, identity: Identity, image: str, shell: str = "sleep 600", **more: Any) -> str:
    """Create and start ``<project>-tool`` running ``shell``; returns its name. ``more`` are spec fields."""
    name = str(more.pop("name", labels.container(identity.project, "tool")))
    spec = ContainerSpec(
        name=name, role="service", image=image, image_identity=image, command=("sh", "-c", shell)
    )
    engine.create_container(identity, replace(spec, **more), "h", {})
    engine.start_container(identity, name)
    return name
