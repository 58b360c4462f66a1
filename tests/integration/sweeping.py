"""Removing what a test's project left on the engine, by label."""

from __future__ import annotations

import contextlib

from msctl import labels
from msctl.engine.docker.client import EngineClient
from msctl.errors import ObjectMissing


def sweep(client: EngineClient, project: str) -> None:
    """Remove all containers, networks and volumes of ``project``."""
    mine = {"label": [f"{labels.PROJECT}={project}"]}
    for container in client.read("/containers/json", all=True, filters=mine):
        with contextlib.suppress(ObjectMissing):
            client.drop(f"/containers/{container['Id']}", force=True, v=True)
    for network in client.read("/networks", filters=mine):
        client.drop(f"/networks/{network['Id']}")
    for volume in client.read("/volumes", filters=mine)["Volumes"] or []:
        client.drop(f"/volumes/{volume['Name']}")
