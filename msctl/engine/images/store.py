"""The images of one Docker Engine, as the orchestrator asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import docker

from msctl.engine.images.ensure import ensure, present
from msctl.engine.images.finding import find_image
from msctl.engine.images.pull import pull_image
from msctl.engine.images.roles import ROLES, ImageChoice, Wanted
from msctl.engine.images.service import ServiceBuild, bases, build_service, service_reference
from msctl.events import Sink
from msctl.model.project import ImagePolicy


@dataclass(frozen=True, slots=True)
class DockerImages:
    """Images of roles and services on the engine that ``client`` talks to."""

    client: docker.DockerClient

    def serving(self, wanted: Wanted) -> ImageChoice | None:
        """The image that serves ``wanted`` now, ``None`` if none is present and up to date."""
        return present(self.client, wanted)

    def foreseen(self, wanted: Wanted) -> ImageChoice:
        """The image that serves ``wanted`` now, or the one of our recipe that would be got."""
        role = ROLES[wanted.role]
        return self.serving(wanted) or ImageChoice(
            wanted.role, role.recipe_reference, "not here yet", wanted.kind or "recipe", role.recipe_version
        )

    def ensure(
        self, wanted: Sequence[Wanted], policy: ImagePolicy, sink: Sink, log_dir: Path
    ) -> Sequence[ImageChoice]:
        """An image for each of ``wanted``, in order: present, else pulled, else built."""
        found = ensure(self.client, wanted, policy, sink, log_dir)
        return [found[one] for one in wanted]

    def obtain(self, reference: str, sink: Sink) -> str:
        """Id of an image the manifest names, pulled if it is not present; raises ``ImageError``."""
        found = find_image(self.client, reference)
        return found.id if found is not None else pull_image(self.client, reference, reference, sink)

    def bases(self, context: Path) -> Sequence[str]:
        """The roles whose images a folder's Dockerfile starts from."""
        return bases(context)

    def service_reference(
        self, project: str, service: str, context: Path, bases: Mapping[str, ImageChoice]
    ) -> str:
        """The tag that the image of a folder's present content bears."""
        return service_reference(ServiceBuild(project, service, context, bases))

    def present(self, references: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """Those of ``references`` that the engine has, with their labels."""
        found = {name: find_image(self.client, name) for name in references}
        return {name: image.labels for name, image in found.items() if image is not None}

    def build_service(
        self,
        project: str,
        service: str,
        context: Path,
        bases: Mapping[str, ImageChoice],
        sink: Sink,
        log_dir: Path,
    ) -> str:
        """Build a service's image and return its tag; raises ``BuildFailed``."""
        return build_service(self.client, ServiceBuild(project, service, context, bases), sink, log_dir)
