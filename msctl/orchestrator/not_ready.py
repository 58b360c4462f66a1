"""The finding that a container does not become ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msctl.errors import MsctlError

if TYPE_CHECKING:
    from msctl.model.desired import ContainerSpec
    from msctl.model.observed import ObservedContainer


class NotReady(MsctlError):
    """A container did not become ready: what it last answered, and how the engine found it."""

    code = "not-ready"

    def __init__(
        self, message: str, spec: ContainerSpec, answer: str | None, found: ObservedContainer | None
    ) -> None:
        super().__init__(message)
        self.spec = spec
        self.answer = answer
        self.found = found
