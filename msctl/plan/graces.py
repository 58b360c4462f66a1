"""Seconds between stop signal and kill, by role, for containers whose manifest entry does not say."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_BY_ROLE: Mapping[str, float] = MappingProxyType({"database": 20.0, "broker": 20.0, "agent": 0.0})
"""Who has files to close gets more time; the agent keeps nothing that could be lost."""

_USUAL = 10.0


def usual_grace(role: str) -> float:
    """Seconds a container of ``role`` has to stop."""
    return _BY_ROLE.get(role, _USUAL)
