"""What integration tests share: the engine, a tiny image made without an image registry, swept projects."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from msctl.engine.docker import DockerEngine, connect
from msctl.engine.port import Identity
from tests.integration.sweeping import sweep
from tests.integration.tool_image import provide_tool_image


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[DockerEngine]:
    """The engine that the docker command would use."""
    engine = connect()
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def tool_image(docker_engine: DockerEngine) -> str:
    """A small image with busybox's commands and Python; users ``root`` and ``app`` (1234:1235)."""
    return provide_tool_image(docker_engine.client)


@pytest.fixture
def identity(docker_engine: DockerEngine) -> Iterator[Identity]:
    """A project of the test's own; whatever bears its label is removed afterwards."""
    mine = Identity(f"t{uuid.uuid4().hex[:10]}", "integration-tests")
    yield mine
    sweep(docker_engine.client, mine.project)
