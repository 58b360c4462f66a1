"""Images of services: built from their folder when their content has no image yet."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import docker

from msctl.engine.images.docker_build import Build, build_image, translated
from msctl.engine.images.local_files import using_files
from msctl.engine.images.pip_settings import PipSettings, read_pip_settings
from msctl.engine.images.proxies import on_loopback, proxy_environment
from msctl.engine.images.recipe import digest
from msctl.engine.images.service_context import Context, read_context
from msctl.events import Notice, Sink

RUNTIME_ARGUMENT = "MSCTL_RUNTIME"


@dataclass(frozen=True, slots=True)
class ServiceBuild:
    """A service's build: its folder, the runtime image it may start from, arguments the manifest declares."""

    project: str
    service: str
    folder: Path
    runtime_reference: str
    runtime_id: str
    arguments: Mapping[str, str] = field(default_factory=dict)


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
    with translated("Images could not be listed"):
        if client.images.list(reference):
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
        RUNTIME_ARGUMENT: build.runtime_reference,
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
    runtime = build.runtime_id if RUNTIME_ARGUMENT in context.dockerfile else ""
    inputs = (f"{name}={value}" for name, value in sorted(build.arguments.items()))
    return f"{build.project}/{build.service}:{digest(context.hash(), runtime, *inputs)[:16]}"


def _network(proxies: Mapping[str, str], pip: PipSettings) -> str | None:
    """The host's network when a proxy or mirror can only be reached from this machine itself."""
    mirrors = (
        address for value in pip.public_options().values() for address in value.split() if "//" in address
    )
    addresses = [*(value for name, value in proxies.items() if "no_proxy" not in name.lower()), *mirrors]
    return "host" if any(on_loopback(address) for address in addresses) else None
