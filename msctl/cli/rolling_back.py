"""From a kept deployment to the project it was."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msctl.errors import UsageError

if TYPE_CHECKING:
    from msctl.cli.context import Context
    from msctl.manifest.loaded import Loaded
    from msctl.orchestrator.journal import Deployment
    from msctl.orchestrator.workspace import Workspace

_BEFORE_THE_LAST = 2


def goal(workspace: Workspace, number: int | None) -> Deployment:
    """The deployment of that number, or the one before the last; raises ``UsageError``."""
    from msctl.orchestrator.journal import deployments  # noqa: PLC0415

    known = deployments(workspace)
    if number is None:
        if len(known) < _BEFORE_THE_LAST:
            raise UsageError(
                "there is no earlier deployment to go back to", "'msctl history' shows what was deployed"
            )
        return known[-_BEFORE_THE_LAST]
    found = next((deployment for deployment in known if deployment.number == number), None)
    if found is None:
        numbers = ", ".join(str(deployment.number) for deployment in known) or "none"
        raise UsageError(f"there is no deployment {number} to go back to", f"there are: {numbers}")
    return found


def loaded_from(deployment: Deployment, wired: Context) -> Loaded:
    """The manifest as it was deployed, in the folder where it stands."""
    from msctl.manifest.disk import Disk  # noqa: PLC0415
    from msctl.manifest.loading import validate  # noqa: PLC0415
    from msctl.manifest.source import decode  # noqa: PLC0415

    name = f"{wired.manifest.name} of deployment {deployment.number}"
    text = decode(name, deployment.manifest.encode())
    over = decode(f"overlay of {name}", deployment.overlay.encode()) if deployment.overlay else None
    return validate(text, os.environ, Disk(wired.manifest.resolve().parent), over)
