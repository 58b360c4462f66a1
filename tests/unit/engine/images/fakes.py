"""A Docker client that knows images by name, and a sink that remembers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import docker
import docker.errors

from msctl.events import Event

Lines = Sequence[Mapping[str, Any]]


@dataclass(slots=True)
class FakeImage:
    id: str
    labels: Mapping[str, str] = field(default_factory=dict)
    tags: Sequence[str] = ()


@dataclass(slots=True)
class FakeImages:
    known: dict[str, FakeImage] = field(default_factory=dict)

    def get(self, name: str) -> FakeImage:
        if name not in self.known:
            raise docker.errors.ImageNotFound(f"no such image: {name}")
        return self.known[name]


@dataclass(slots=True)
class FakeApi:
    images: FakeImages
    pull_lines: Callable[[], Iterator[Mapping[str, Any]]] | None = None
    build_lines: Lines = ()
    builds: list[Mapping[str, Any]] = field(default_factory=list)
    pulls: list[str] = field(default_factory=list)

    def inspect_image(self, name: str) -> Mapping[str, Any]:
        image = self.images.get(name)
        return {"Id": image.id, "Config": {"Labels": image.labels}}

    def pull(self, repository: str, tag: str | None, **_: object) -> Iterator[Mapping[str, Any]]:
        reference = f"{repository}:{tag}" if tag else repository
        self.pulls.append(reference)
        if self.pull_lines is None:
            raise docker.errors.APIError("lookup failed: no such host")
        lines = list(self.pull_lines())
        self.images.known[reference] = FakeImage("sha256:pulled")
        return iter(lines)

    def build(self, **options: Any) -> Iterator[Mapping[str, Any]]:
        self.builds.append(options)
        self.images.known[options["tag"]] = FakeImage("sha256:built", options["labels"])
        return iter(self.build_lines)


class FakeClient:
    def __init__(self) -> None:
        self.images = FakeImages()
        self.api = FakeApi(self.images)

    def client(self) -> docker.DockerClient:
        return cast(docker.DockerClient, self)


class RememberingSink:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        self.events.append(event)
