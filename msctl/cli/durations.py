"""Durations on the command line, in the manifest's grammar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from msctl.errors import UsageError


def seconds(text: str) -> float:
    """``500ms``, ``5s`` or ``1m30s`` as seconds."""
    from msctl.manifest.faults import Fault  # noqa: PLC0415
    from msctl.manifest.grammar import duration  # noqa: PLC0415

    try:
        return duration(text)
    except Fault as exc:
        raise UsageError(f"'{text}' is no duration", "write 500ms, 5s or 1m30s") from exc


def ago(text: str) -> datetime:
    """The moment that lies a duration back."""
    return datetime.now(UTC) - timedelta(seconds=seconds(text))
