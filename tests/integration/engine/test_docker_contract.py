"""The engine contract on Docker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from msctl.engine.docker import DockerEngine
from msctl.engine.port import Engine, Identity
from tests.free_port import free_port
from tests.integration.free_subnet import free_subnet
from tests.unit.engine.contract import EngineContract, Kind

pytestmark = pytest.mark.integration

_STRANGER = {"io.msctl-test.foreign": "yes"}


class TestDockerEngine(EngineContract):
    @pytest.fixture
    def engine(self, docker_engine: DockerEngine, identity: Identity) -> Iterator[Engine]:
        yield docker_engine
        _remove_foreign(docker_engine, identity.project)

    @pytest.fixture
    def image(self, tool_image: str) -> str:
        return tool_image

    @pytest.fixture
    def subnet(self, docker_engine: DockerEngine) -> str:
        return str(free_subnet(docker_engine))

    @pytest.fixture
    def free_port(self) -> int:
        return free_port()

    def make_foreign(self, engine: Engine, identity: Identity, image: str, kind: Kind, name: str) -> None:
        client = _docker(engine).client
        if kind == "container":
            client.submit("/containers/create", {"Image": image, "Labels": _STRANGER}, name=name)
        elif kind == "network":
            client.submit("/networks/create", {"Name": name, "Labels": _STRANGER})
        else:
            client.submit("/volumes/create", {"Name": name, "Labels": _STRANGER})

    def foreign_exists(self, engine: Engine, identity: Identity, kind: Kind, name: str) -> bool:
        path = {"container": "containers/{}/json", "network": "networks/{}", "volume": "volumes/{}"}[kind]
        found = _docker(engine).client.read("/" + path.format(name))
        held = found["Config"]["Labels"] if kind == "container" else found["Labels"]
        return bool(held == _STRANGER)


def _docker(engine: Engine) -> DockerEngine:
    assert isinstance(engine, DockerEngine)
    return engine


def _remove_foreign(engine: DockerEngine, project: str) -> None:
    """Strangers' objects bear no label of ours: they are known by a name that begins like the project."""
    found = engine.observe(project)
    for name in found.foreign_containers:
        if name.startswith(project):
            engine.client.drop(f"/containers/{name}", force=True)
    for name in found.foreign_networks:
        if name.startswith(project):
            engine.client.drop(f"/networks/{name}")
    for name in found.foreign_volumes:
        if name.startswith(project):
            engine.client.drop(f"/volumes/{name}")
