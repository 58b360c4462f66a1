"""Which algorithms sign tokens, and what a header may call them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Algorithm = Literal["Ed25519", "ES256", "RS256"]

ACCEPTED_NAMES: Mapping[Algorithm, frozenset[str]] = MappingProxyType(
    {
        "Ed25519": frozenset({"Ed25519", "EdDSA"}),
        "ES256": frozenset({"ES256"}),
        "RS256": frozenset({"RS256"}),
    }
)
"""What ``alg`` may say for a key of each algorithm; EdDSA is the older name of Ed25519 (RFC 9864)."""
