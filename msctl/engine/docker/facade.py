"""docker-py's object interface over the adapter's own connection, for images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docker import DockerClient

if TYPE_CHECKING:
    from msctl.engine.docker.client import EngineClient


class Facade(DockerClient):
    """A ``DockerClient`` that shares a connection instead of opening one."""

    def __init__(self, client: EngineClient) -> None:
        self.api = client
