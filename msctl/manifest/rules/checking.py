"""All rules in their order."""

from __future__ import annotations

from pathlib import Path

from msctl.manifest.findings import Findings
from msctl.manifest.nodes import Node, child, entries
from msctl.manifest.rules.context import Context
from msctl.manifest.rules.events import check_events
from msctl.manifest.rules.folders import check_folders
from msctl.manifest.rules.routes import check_exposure, check_routes
from msctl.manifest.rules.services import check_services


def check(root: Node, findings: Findings, warnings: Findings, folder: Path | None) -> None:
    """Examine a whole manifest; without ``folder`` the disk is not looked at."""
    context = Context(root, findings, warnings, tuple(name for name, _ in entries(child(root, "services"))))
    check_services(context)
    check_routes(context)
    check_exposure(context)
    check_events(context)
    if folder is not None:
        check_folders(context, folder)
