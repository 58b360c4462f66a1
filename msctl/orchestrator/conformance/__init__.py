"""A black-box exam of one running service: what its callers, the platform and its operators rely on."""

from msctl.orchestrator.conformance.exam import examine
from msctl.orchestrator.conformance.verdict import Verdict

__all__ = ["Verdict", "examine"]
