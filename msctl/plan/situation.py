"""What was found before planning: the engine's snapshot, the registry's entries, images and files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from msctl.model.observed import Observed


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a registry entry points to."""

    name: str
    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Situation:
    """One reading of reality.

    ``registered`` maps entry ids to endpoints and is ``None`` while the registry does not answer;
    ``digests`` maps containers to the SHA-256 of their live files; ``images`` are the references
    that are present; ``healthy`` are containers known to be ready just now, ``passing`` entries whose check
    says so.
    """

    observed: Observed
    registered: Mapping[str, Endpoint] | None = None
    digests: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    images: frozenset[str] = frozenset()
    healthy: frozenset[str] = frozenset()
    passing: frozenset[str] = frozenset()
