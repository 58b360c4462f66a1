"""Is the engine behind the socket the one that runs this very container?"""

from __future__ import annotations

import socket

from msctl import labels
from msctl.engine.port import Engine
from msctl.errors import EngineError, ObjectMissing


def check_ground(engine: Engine, project: str, hostname: str | None = None) -> None:
    """Raise ``EngineError`` unless it is: another engine's truth would empty the catalog."""
    name = labels.container(project, "agent")
    mine = hostname if hostname is not None else socket.gethostname()
    try:
        found = engine.inspect(name).id
    except ObjectMissing:
        found = ""
    if not found.startswith(mine):
        raise EngineError(
            f"the engine behind the socket does not run this agent ({name}, {mine})",
            "the engine's socket must be the one of the engine that runs the project",
        )
