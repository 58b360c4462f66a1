"""Images of services as an earlier deployment had them, whatever their folders hold by now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from msctl.engine.images.roles import ImageChoice, Wanted
from msctl.errors import ImageError
from msctl.events import Sink
from msctl.model.project import ImagePolicy
from msctl.orchestrator.image_choice import ImageStore


@dataclass(frozen=True, slots=True)
class PinnedImages:
    """An ``ImageStore`` in which the services of ``pins`` have the image that stands there."""

    store: ImageStore
    pins: Mapping[str, str]

    def ensure(
        self, wanted: Sequence[Wanted], policy: ImagePolicy, sink: Sink, log_dir: Path
    ) -> Sequence[ImageChoice]:
        """As the store does."""
        return self.store.ensure(wanted, policy, sink, log_dir)

    def obtain(self, reference: str, sink: Sink) -> str:
        """As the store does."""
        return self.store.obtain(reference, sink)

    def bases(self, context: Path) -> Sequence[str]:
        """As the store does."""
        return self.store.bases(context)

    def service_reference(
        self, project: str, service: str, context: Path, bases: Mapping[str, ImageChoice]
    ) -> str:
        """The pinned image's tag; raises ``ImageError`` if it is gone."""
        pinned = self.pins.get(service)
        if pinned is None:
            return self.store.service_reference(project, service, context, bases)
        if not self.store.present([pinned]):
            raise ImageError(f"the image {pinned} of '{service}' is gone", "deploy from its sources instead")
        return pinned

    def present(self, references: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """As the store does."""
        return self.store.present(references)

    def build_service(
        self,
        project: str,
        service: str,
        context: Path,
        bases: Mapping[str, ImageChoice],
        sink: Sink,
        log_dir: Path,
    ) -> str:
        """As the store does; a pinned image is there already."""
        return self.store.build_service(project, service, context, bases, sink, log_dir)
