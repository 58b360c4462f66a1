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


def moment(text: str) -> datetime:
    """A time such as ``2026-01-31T12:00:00Z`` (local without a zone), or how long ago: ``10m``."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return _ago_or_refused(text)
    return found.astimezone(UTC)


def _ago_or_refused(text: str) -> datetime:
    try:
        return ago(text)
    except UsageError as exc:
        raise UsageError(f"'{text}' is no time", "write 10m or 2026-01-31T12:00:00Z") from exc
