"""What files platform and databases have: read again only where something was delivered since."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from msctl.errors import MsctlError

if TYPE_CHECKING:
    from msctl.engine.port import Engine
    from msctl.model.observed import Observed
    from msctl.orchestrator.workspace import Workspace

FILE = "delivered"
"""In the workspace, and no ``.json`` since it holds no secrets: digests by container, with their stamp."""


class Delivered:
    """Digests of files under /run/secrets, read beside whatever else is found out.

    To read those of a container costs the engine about a twentieth of a second, so what an earlier reading
    kept in ``workspace`` holds for a container whose stamp is still the same.
    """

    def __init__(self, engine: Engine, observed: Observed, workspace: Workspace) -> None:
        names = [c.name for c in observed.containers if c.service is None or c.role == "database"]
        self._engine = engine
        self._known = _kept(workspace)
        self._pool = ThreadPoolExecutor(max(1, len(names)), thread_name_prefix="digests")
        self._read = {name: self._pool.submit(self._find, name) for name in names}
        self._pool.shutdown(wait=False)

    def digests(self, name: str) -> Mapping[str, str]:
        """By file name; raises ``ObjectMissing`` for a container that is gone."""
        reading = self._read.get(name)
        return reading.result()[1] if reading is not None else self._engine.read_secret_digests(name)

    def keep(self, workspace: Workspace) -> None:
        """Write down what was found, for the next one."""
        found = {name: reading.result() for name, reading in self._read.items() if not reading.exception()}
        kept = {name: json.dumps(reading) for name, reading in found.items()}
        if kept != self._known:
            workspace.write(FILE, kept)

    def _find(self, name: str) -> tuple[str, Mapping[str, str]]:
        """Stamp and digests; the stamp is the older, so that what is delivered in between is not missed."""
        stamp = self._engine.read_secrets_stamp(name)
        earlier = _reading(self._known.get(name, ""))
        if earlier is not None and earlier[0] == stamp:
            return earlier
        return stamp, self._engine.read_secret_digests(name)


def _kept(workspace: Workspace) -> Mapping[str, str]:
    """What an earlier reading wrote down; a file that was spoilt is none, and is replaced by the next."""
    try:
        return workspace.read(FILE)
    except MsctlError:
        return {}


def _reading(text: str) -> tuple[str, Mapping[str, str]] | None:
    """An entry of the file; nothing for one that is none."""
    try:
        stamp, digests = json.loads(text)
    except (ValueError, TypeError):
        return None
    return (stamp, digests) if isinstance(stamp, str) and isinstance(digests, dict) else None
