"""Images as they would be: nothing is pulled or built for a plan that is only looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from msctl.engine.images.roles import ImageChoice, Wanted
from msctl.events import Sink
from msctl.model.project import ImagePolicy
from msctl.orchestrator.image_choice import ImageStore
from msctl.orchestrator.pinned import PinnedImages


class ForeseeingStore(ImageStore, Protocol):
    """A store that can say what it would get."""

    def foreseen(self, wanted: Wanted) -> ImageChoice:
        """The image that serves ``wanted``, here or not."""


@dataclass(frozen=True, slots=True)
class ForeseenImages(PinnedImages):
    """An ``ImageStore`` that gets nothing."""

    store: ForeseeingStore

    def ensure(
        self,
        wanted: Sequence[Wanted],
        policy: ImagePolicy,  # noqa: ARG002 - the port's signature
        sink: Sink,  # noqa: ARG002
        log_dir: Path,  # noqa: ARG002
    ) -> Sequence[ImageChoice]:
        """What would be used."""
        return [self.store.foreseen(one) for one in wanted]

    def obtain(self, reference: str, sink: Sink) -> str:
        """The id of an image that is here; of another one its name."""
        return self.store.obtain(reference, sink) if self.store.present([reference]) else reference
