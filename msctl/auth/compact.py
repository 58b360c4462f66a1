"""The compact serialization of a signed token (RFC 7515), read with nothing forgiven."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from msctl.auth.refusal import TokenRefused

LARGEST = 8192
"""Bytes of a token; ours have about 600."""

_SEGMENT = re.compile(rb"[A-Za-z0-9_-]+\Z")
_SEGMENTS = 3


@dataclass(frozen=True, slots=True)
class Compact:
    """A token taken apart; ``signed`` is what the signature covers, nothing of it is verified yet."""

    header: Mapping[str, Any]
    payload: Mapping[str, Any]
    signed: bytes
    signature: bytes


def parse(token: bytes) -> Compact:
    """Take ``token`` apart; raises ``TokenRefused`` for anything that could be read in two ways."""
    if len(token) > LARGEST:
        raise TokenRefused("too-large", f"a token has at most {LARGEST} bytes")
    segments = token.split(b".")
    if len(segments) != _SEGMENTS or not all(_SEGMENT.match(segment) for segment in segments):
        raise TokenRefused("malformed", "a token is three base64url segments with dots between")
    header, payload, signature = (_decoded(segment) for segment in segments)
    signed = token[: token.rindex(b".")]
    return Compact(_object(header, "header"), _object(payload, "payload"), signed, signature)


def encode(content: bytes) -> bytes:
    """Bytes as base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def _decoded(segment: bytes) -> bytes:
    try:
        content = base64.b64decode(segment + b"=" * (-len(segment) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError) as exc:
        raise TokenRefused("malformed", "a segment is not base64url") from exc
    if encode(content) != segment:  # spare bits that are set would give one token two spellings
        raise TokenRefused("malformed", "a segment is not canonical base64url")
    return content


def _object(content: bytes, name: str) -> Mapping[str, Any]:
    try:
        value = json.loads(content.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as exc:
        raise TokenRefused("malformed", f"the {name} is not one JSON object in UTF-8") from exc
    if not isinstance(value, dict):
        raise TokenRefused("malformed", f"the {name} is not a JSON object")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member occurs twice")
    return members


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")
