"""Pulls and builds against the real engine."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import docker.errors
import pytest

from msctl.engine.docker import DockerEngine
from msctl.engine.docker.facade import Facade
from msctl.engine.images.docker_build import Build, build_image, context_of
from msctl.engine.images.pull import pull_image
from msctl.engine.images.roles import ImageChoice
from msctl.engine.images.service import ServiceBuild, build_service
from msctl.errors import BuildFailed, ImageError
from msctl.events import NullSink

pytestmark = pytest.mark.integration


@pytest.fixture
def client(docker_engine: DockerEngine) -> docker.DockerClient:
    """docker-py's objects over the engine's connection."""
    return Facade(docker_engine.client)


@pytest.fixture
def project(client: docker.DockerClient) -> Iterator[str]:
    """A project name whose images are removed afterwards."""
    name = f"t{uuid.uuid4().hex[:10]}"
    yield name
    for image in client.api.images():
        for tag in image["RepoTags"] or ():
            if tag.startswith(f"{name}/"):
                client.images.remove(tag)


def service(project: str, folder: Path, runtime: str, dockerfile: str) -> ServiceBuild:
    (folder / "Dockerfile").write_text(f"ARG MSCTL_RUNTIME\nFROM ${{MSCTL_RUNTIME}}\n{dockerfile}")
    base = ImageChoice("runtime", runtime, "sha256:x", "recipe", "1")
    return ServiceBuild(project, "orders", folder, {"runtime": base})


def test_an_image_registry_that_accepts_and_says_nothing_is_given_up(client: docker.DockerClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        reference = f"127.0.0.1:{silent.getsockname()[1]}/nothing:1"
        with pytest.raises(ImageError, match=r"said nothing for 0\.5 s"):
            pull_image(client, reference, "redis", NullSink(), first_answer=0.5)


def test_an_image_registry_that_refuses_is_an_image_error(client: docker.DockerClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ImageError, match="could not be pulled"):
        pull_image(client, f"127.0.0.1:{port}/nothing:1", "redis", NullSink())


def test_a_service_is_built_once(
    client: docker.DockerClient, project: str, tool_image: str, tmp_path: Path
) -> None:
    build = service(project, tmp_path, tool_image, 'COPY data /data\nCMD ["cat", "/data"]\n')
    (tmp_path / "data").write_text("hello")
    reference = build_service(client, build, NullSink(), tmp_path / ".msctl")
    identity = client.images.get(reference).id
    assert build_service(client, build, NullSink(), tmp_path / ".msctl") == reference
    assert client.images.get(reference).id == identity
    (tmp_path / "data").write_text("other")
    assert build_service(client, build, NullSink(), tmp_path / ".msctl") != reference


def test_a_failing_step_shows_its_last_lines_and_keeps_its_log(
    client: docker.DockerClient, project: str, tool_image: str, tmp_path: Path
) -> None:
    build = service(project, tmp_path, tool_image, "RUN echo the-reason && exit 7\n")
    with pytest.raises(BuildFailed) as caught:
        build_service(client, build, NullSink(), tmp_path / "logs")
    assert any("the-reason" in line for line in caught.value.lines)
    assert "the-reason" in Path(caught.value.log or "").read_text()


def test_a_dockerfile_that_cannot_be_read_is_a_failed_build(
    client: docker.DockerClient, project: str, tool_image: str, tmp_path: Path
) -> None:
    build = service(project, tmp_path, tool_image, "NONSENSE\n")
    with pytest.raises(BuildFailed, match=r"(?i)unknown instruction"):
        build_service(client, build, NullSink(), tmp_path / "logs")


def test_a_proxys_login_stays_out_of_the_images_history(
    client: docker.DockerClient, project: str, tool_image: str, tmp_path: Path
) -> None:
    files = {"Dockerfile": (f'FROM {tool_image}\nRUN test -n "$https_proxy"\n'.encode(), 0o644)}
    proxy = {"https_proxy": "http://ann:top-secret@127.0.0.1:9"}
    build = Build(f"{project}/proxied:1", proxy)
    build_image(client, build, context_of(files), "proxied", NullSink(), tmp_path / "log")
    image = client.images.get(build.reference)
    assert "top-secret" not in repr(image.history()) + repr(image.attrs)
