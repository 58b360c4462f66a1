"""Images of services: built from their folder when their content has no image yet."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import docker

from msctl.engine.images.docker_build import Build, build_image
from msctl.engine.images.finding import find_image
from msctl.engine.images.local_files import using_files
from msctl.engine.images.pip_settings import PipSettings, read_pip_settings
from msctl.engine.images.proxies import on_loopback, proxy_environment
from msctl.engine.images.recipe import digest
from msctl.engine.images.roles import ImageChoice
from msctl.engine.images.service_context import Context, read_context
from msctl.events import Notice, Sink

BASES: Mapping[str, str] = {"runtime": "MSCTL_RUNTIME", "node": "MSCTL_NODE"}
"""By role, the build argument that names its image to Dockerfiles that start from it."""


@dataclass(frozen=True, slots=True)
class ServiceBuild:
    """A service's build: its folder, the images it may start from, arguments the manifest declares."""

    project: str
    service: str
    folder: Path
    bases: Mapping[str, ImageChoice]
    arguments: Mapping[str, str] = field(default_factory=dict)


def bases(folder: Path) -> tuple[str, ...]:
    """The roles whose images the folder's Dockerfile starts from."""
    dockerfile = read_context(folder).dockerfile
    return tuple(role for role, argument in BASES.items() if argument in dockerfile)


def service_reference(build: ServiceBuild) -> str:
    """``project/service:HASH`` of what its image is made of; proxies and mirrors do not count."""
    return _reference(build, read_context(build.folder))


def build_service(client: docker.DockerClient, build: ServiceBuild, sink: Sink, log_dir: Path) -> str:
    """Return the reference of the service's image, building it unless the engine has it."""
    with using_files(f"the image of {build.service} cannot be built", log_dir):
        return _build_service(client, build, sink, log_dir)


def _build_service(client: docker.DockerClient, build: ServiceBuild, sink: Sink, log_dir: Path) -> str:
    context = read_context(build.folder)
    reference = _reference(build, context)
    if find_image(client, reference) is not None:
        return reference
    log_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = log_dir / f"build-{build.service}.log"
    log.touch(mode=0o600)
    log.write_text("", encoding="utf-8")
    pip = read_pip_settings(os.environ)
    if pip.has_credentials:
        sink.emit(Notice("warning", _WITHOUT_LOGIN.format(service=build.service)))
    proxies = proxy_environment(os.environ)
    arguments = {
        **proxies,
        **build.arguments,
        **{BASES[role]: choice.reference for role, choice in build.bases.items()},
    }
    job = Build(reference, arguments, network=_network(proxies, pip))
    with context.tar() as archive:
        build_image(client, job, archive, build.service, sink, log)
    return reference


_WITHOUT_LOGIN = (
    "pip's index has a login on this machine; the build of {service} gets its address without it, "
    "because an image is passed on with what it holds"
)


def _reference(build: ServiceBuild, context: Context) -> str:
    started = [
        build.bases[role] for role in BASES if role in build.bases and BASES[role] in context.dockerfile
    ]
    inputs = (f"{name}={value}" for name, value in sorted(build.arguments.items()))
    made_of = digest(context.hash(), *(base.image_id for base in started), *inputs)
    return f"{build.project}/{build.service}:{made_of[:16]}"


def _network(proxies: Mapping[str, str], pip: PipSettings) -> str | None:
    """The host's network when a proxy or mirror can only be reached from this machine itself."""
    mirrors = (
        address for value in pip.public_options().values() for address in value.split() if "//" in address
    )
    addresses = [*(value for name, value in proxies.items() if "no_proxy" not in name.lower()), *mirrors]
    return "host" if any(on_loopback(address) for address in addresses) else None
