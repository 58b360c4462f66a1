"""The rule about cross-origin settings that no single value can show."""

from __future__ import annotations

from collections.abc import Collection

from msctl.manifest.faults import Fault


def check_origins(origins: Collection[str], credentials: bool) -> None:
    """Fault on letting every web page act with its visitor's credentials."""
    if credentials and "*" in origins:
        raise Fault(
            "any web page could act for its visitor: '*' goes without credentials", "list the origins"
        )
