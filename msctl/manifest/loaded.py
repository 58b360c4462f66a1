"""What a valid manifest says."""

from __future__ import annotations

from dataclasses import dataclass

from msctl.model.problem import ManifestProblem
from msctl.model.project import Project


@dataclass(frozen=True, slots=True)
class Loaded:
    """A valid manifest; ``unused`` are keys that are accepted and do nothing yet."""

    project: Project
    warnings: tuple[ManifestProblem, ...]
    unused: tuple[ManifestProblem, ...]
