"""What of this machine can keep a project from running, and what to do about it."""

from msctl.orchestrator.doctor.examine import examine
from msctl.orchestrator.doctor.finding import Finding, Level

__all__ = ["Finding", "Level", "examine"]
