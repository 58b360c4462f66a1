"""Getting the images of several roles at once: use what is present, else pull, else build."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Semaphore
from time import monotonic

import docker

from msctl import labels
from msctl.engine.images.bootstrap_tool import BootstrapTool
from msctl.engine.images.build_role import blueprint, build_role, built_image
from msctl.engine.images.finding import find_image
from msctl.engine.images.policy import Way, only_official, ways, without_recipe
from msctl.engine.images.pull import pull_image
from msctl.engine.images.roles import ROLES, ImageChoice, Wanted
from msctl.errors import ImageError
from msctl.events import Notice, Sink, StepDone, StepFailed, StepStarted
from msctl.model.project import ImagePolicy


def present(client: docker.DockerClient, wanted: Wanted, policy: ImagePolicy = "auto") -> ImageChoice | None:
    """The image on this engine that serves ``wanted``, if there is one; a recipe's only when up to date."""
    for way in ways(wanted, policy):
        choice = _found(client, wanted, way)
        if choice is not None:
            return choice
    return None


def ensure(
    client: docker.DockerClient, wants: Sequence[Wanted], policy: ImagePolicy, sink: Sink, log_dir: Path
) -> Mapping[Wanted, ImageChoice]:
    """An image for each of ``wants``, in parallel; raises the first failure after the others ended."""
    order = list(ROLES)
    sorted_wants = sorted(dict.fromkeys(wants), key=lambda wanted: order.index(wanted.role))
    chosen = {wanted: present(client, wanted, policy) for wanted in sorted_wants}
    missing = [wanted for wanted, choice in chosen.items() if choice is None]
    getter = _Getter(client, policy, sink, log_dir, Semaphore(max(2, os.cpu_count() or 2)))
    with ThreadPoolExecutor(max_workers=max(1, len(missing)), thread_name_prefix="image") as pool:
        futures = {wanted: pool.submit(getter.get, wanted) for wanted in missing}
    got = {wanted: future.result() for wanted, future in futures.items()}
    return {**{wanted: choice for wanted, choice in chosen.items() if choice}, **got}


@dataclass(frozen=True, slots=True)
class _Getter:
    client: docker.DockerClient
    policy: ImagePolicy
    sink: Sink
    log_dir: Path
    builders: Semaphore
    tool: BootstrapTool = field(default_factory=BootstrapTool)

    def get(self, wanted: Wanted) -> ImageChoice:
        """Pull or build one image, with its events."""
        start = monotonic()
        self.sink.emit(StepStarted(wanted.role, "get image"))
        try:
            choice = self._pull_or_build(wanted)
        except ImageError as exc:
            self.sink.emit(StepFailed(wanted.role, "get image", monotonic() - start, exc.message))
            raise
        self.sink.emit(StepDone(wanted.role, "get image", monotonic() - start, choice.reference))
        return choice

    def _pull_or_build(self, wanted: Wanted) -> ImageChoice:
        open_ways = ways(wanted, self.policy)
        can_build = "build" in open_ways
        if "pull" in open_ways and not (can_build and _outdated_recipe(self.client, wanted)):
            try:
                return _pulled(self.client, wanted, self.sink)
            except ImageError as exc:
                if not can_build:
                    raise _unobtainable(wanted, exc) from exc
                self.sink.emit(
                    Notice("info", f"{exc.message}; building {wanted.role} from our recipe instead")
                )
        with self.builders:
            return build_role(self.client, wanted.role, self.tool, self.sink, self.log_dir)


def _found(client: docker.DockerClient, wanted: Wanted, way: Way) -> ImageChoice | None:
    role = ROLES[wanted.role]
    if way == "official present":
        return _official_choice(client, wanted)
    if way == "recipe present":
        image_id = built_image(client, blueprint(role.name))
        if image_id:
            return ImageChoice(role.name, role.recipe_reference, image_id, "recipe", role.recipe_version)
    return None


def _pulled(client: docker.DockerClient, wanted: Wanted, sink: Sink) -> ImageChoice:
    pull_image(client, _official_reference(wanted), wanted.role, sink)
    choice = _official_choice(client, wanted)
    if choice is None:
        raise ImageError(
            f"{_official_reference(wanted)} was pulled and is gone again", "run the command again"
        )
    return choice


def _official_choice(client: docker.DockerClient, wanted: Wanted) -> ImageChoice | None:
    reference = _official_reference(wanted)
    found = find_image(client, reference)
    if found is None:
        return None
    version = wanted.version or reference.rpartition(":")[2]
    return ImageChoice(wanted.role, reference, found.id, "official", version)


def _official_reference(wanted: Wanted) -> str:
    return wanted.image or ROLES[wanted.role].official_reference(wanted.version) or wanted.role


def _outdated_recipe(client: docker.DockerClient, wanted: Wanted) -> bool:
    """Whether an earlier build of our recipe serves this role, so that its kind should not change now."""
    found = find_image(client, ROLES[wanted.role].recipe_reference)
    return found is not None and labels.RECIPE in found.labels


def _unobtainable(wanted: Wanted, cause: ImageError) -> ImageError:
    if only_official(wanted):
        return ImageError(f"{cause.message}; {without_recipe(wanted)}", "remove the pin, or give the image")
    return ImageError(cause.message, "set platform.images to auto or build, to build it from our recipe")
