"""Secrets in real containers: owner, mode, read-only roots, replacement under a reader."""

from __future__ import annotations

from dataclasses import replace

import pytest

from msctl.engine.docker import DockerEngine
from msctl.engine.port import Identity
from msctl.model.desired import ContainerSpec, SecretFile
from msctl.model.secret import Secret
from tests.integration.engine.launching import launch

pytestmark = pytest.mark.integration

_READER = """
import hashlib, sys
print("reading", flush=True)
seen = {"missing": 0, "read": 0}
bad = []
while "last" not in seen:
    try:
        text = open("/run/secrets/token").read()
    except FileNotFoundError:
        seen["missing"] += 1
        continue
    seen["read"] += 1
    number = text[:4]
    if text != number * 4096:
        bad.append(len(text))
    if number == "0040":
        seen["last"] = True
print(seen["read"], seen["missing"], bad)
"""


@pytest.mark.parametrize(
    ("user", "owner"),
    [
        (None, "0:0"),
        ("4321:4322", "4321:4322"),
        ("4321", "4321:0"),
        ("app", "1234:1235"),
        ("1234", "1234:1235"),
        ("app:other", "1234:1300"),
    ],
)
def test_files_belong_to_the_containers_user_alone(
    docker_engine: DockerEngine, identity: Identity, tool_image: str, user: str | None, owner: str
) -> None:
    secrets = (SecretFile("token", Secret("s3cret")),)
    name = launch(docker_engine, identity, tool_image, user=user, secrets=secrets, read_only=True)
    described = docker_engine.execute(name, ["stat", "-c", "%u:%g %a %F", "/run/secrets/token"], timeout=30)
    assert described.output.strip() == f"{owner} 400 regular file"
    assert docker_engine.execute(name, ["cat", "/run/secrets/token"], timeout=30).output == "s3cret"


def test_files_belong_to_the_images_user(
    docker_engine: DockerEngine, identity: Identity, tool_image: str
) -> None:
    base = launch(docker_engine, identity, tool_image)
    variant = f"{tool_image}-app"
    repository, _, tag = variant.partition(":")
    docker_engine.client.commit(base, repository, tag, changes="USER app")
    secrets = (SecretFile("token", Secret("s3cret")),)
    name = launch(docker_engine, identity, variant, name=f"{identity.project}-app", secrets=secrets)
    found = docker_engine.execute(name, ["stat", "-c", "%u:%g", "/run/secrets/token"], timeout=30)
    assert found.output == "1234:1235\n"


def test_files_that_were_there_before_the_container_belong_to_its_user_alone(
    docker_engine: DockerEngine, identity: Identity, tool_image: str
) -> None:
    secrets = (SecretFile("token", Secret("s3cret")),)
    base = ContainerSpec("", "service", tool_image, tool_image, secrets=secrets, command=("sleep", "600"))
    named = replace(base, name=f"{identity.project}-named", user="app")
    numbered = replace(base, name=f"{identity.project}-numbered", user="4321:4", read_only=True)
    assert docker_engine.fill_secrets(identity, [named, numbered]) == {numbered.name}
    docker_engine.create_container(identity, numbered, "h", {}, filled=True)
    docker_engine.start_container(identity, numbered.name)
    command = ["stat", "-c", "%u:%g %a %F", "/run/secrets/token"]
    told = docker_engine.execute(numbered.name, command, timeout=30)
    assert told.output.strip() == "4321:4 400 regular file"


def test_secrets_survive_a_tmpfs_above_them(
    docker_engine: DockerEngine, identity: Identity, tool_image: str
) -> None:
    secrets = (SecretFile("token", Secret("s3cret")),)
    name = launch(
        docker_engine,
        identity,
        tool_image,
        user="app",
        secrets=secrets,
        read_only=True,
        tmpfs={"/run": "mode=1777", "/tmp": ""},
    )
    assert docker_engine.execute(name, ["cat", "/run/secrets/token"], timeout=30).output == "s3cret"


def test_a_secret_is_in_no_description_of_its_container(
    docker_engine: DockerEngine, identity: Identity, tool_image: str
) -> None:
    name = launch(docker_engine, identity, tool_image, secrets=(SecretFile("token", Secret("s3cret-xyz")),))
    assert "s3cret-xyz" not in docker_engine.client.call("GET", f"/containers/{name}/json").text


def test_a_reader_sees_no_half_replaced_file(
    docker_engine: DockerEngine, identity: Identity, tool_image: str
) -> None:
    name = launch(docker_engine, identity, tool_image, user="app", secrets=(_numbered(0),), read_only=True)
    stream = docker_engine.open_stream(name, ["python3", "-c", _READER])
    assert stream.receive() == b"reading\n"
    for number in range(1, 41):
        docker_engine.deliver_secrets(identity, name, (_numbered(number),))
    report = b"".join(iter(stream.receive, b"")).decode()
    stream.close()
    reads, _missing, bad = report.split(maxsplit=2)
    assert int(reads) > 40
    assert bad.strip() == "[]"


def test_no_more_than_one_older_version_stays(
    docker_engine: DockerEngine, identity: Identity, tool_image: str
) -> None:
    name = launch(docker_engine, identity, tool_image, secrets=(_numbered(0),), read_only=True)
    for number in range(1, 4):
        docker_engine.deliver_secrets(identity, name, (_numbered(number),))
    docker_engine.stop_container(identity, name, 0)
    docker_engine.deliver_secrets(identity, name, (_numbered(4),))
    docker_engine.start_container(identity, name)
    command = [
        "sh",
        "-c",
        "head -c 4 /run/secrets/token; cd /run/secrets; find . -type f -exec head -c 4 {} ';'",
    ]
    found = docker_engine.execute(name, command, timeout=30)
    assert found.output.startswith("0004")
    assert sorted(found.output[i : i + 4] for i in range(4, len(found.output), 4)) == ["0003", "0004"]


def _numbered(number: int) -> SecretFile:
    return SecretFile("token", Secret(f"{number:04}" * 4096), live=True)
