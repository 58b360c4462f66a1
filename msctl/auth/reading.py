"""A token as people want to see it: decoded, with times and a word on what is odd; nothing is verified."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from msctl.auth.compact import parse
from msctl.auth.refusal import TokenRefused
from msctl.auth.verifier import check_header, check_times

_TYPES = frozenset({"at+jwt", "application/at+jwt"})


@dataclass(frozen=True, slots=True)
class Reading:
    """``notes`` are sentences about the token; ``times`` maps claims to moments in RFC 3339."""

    header: dict[str, Any]
    claims: dict[str, Any]
    times: dict[str, str]
    notes: tuple[str, ...]


def read(token: bytes, now: float) -> Reading:
    """Decode ``token``; raises ``TokenRefused`` if it is none at all."""
    compact = parse(token)
    claims = dict(compact.payload)
    times = {name: found for name in ("iat", "nbf", "exp") if (found := _moment(claims.get(name)))}
    return Reading(dict(compact.header), claims, times, (*_life(claims, now), *_oddities(compact.header)))


def _moment(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return None


def _life(claims: dict[str, Any], now: float) -> list[str]:
    try:
        _, until = check_times(claims, now)
    except TokenRefused as exc:
        return [exc.message]
    return [f"it expires in {until - now:.0f} s"]


def _oddities(header: Any) -> list[str]:
    try:
        check_header(header, _TYPES)
    except TokenRefused as exc:
        return [exc.message]
    return []
