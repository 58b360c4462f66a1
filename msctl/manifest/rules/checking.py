"""All rules in their order."""

from __future__ import annotations

from msctl.manifest.disk import Disk
from msctl.manifest.findings import Findings
from msctl.manifest.nodes import Node, child, entries
from msctl.manifest.rules.context import Context
from msctl.manifest.rules.events import check_events
from msctl.manifest.rules.folders import check_folders
from msctl.manifest.rules.routes import check_exposure, check_routes
from msctl.manifest.rules.services import check_services


def check(root: Node, findings: Findings, warnings: Findings, disk: Disk) -> None:
    """Examine a whole manifest, and that its paths lead to what they should on ``disk``."""
    context = Context(root, findings, warnings, tuple(name for name, _ in entries(child(root, "services"))))
    check_services(context)
    check_routes(context)
    check_exposure(context)
    check_events(context)
    check_folders(context, disk)
