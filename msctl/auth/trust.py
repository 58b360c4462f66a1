"""Tokens already verified: the keys and revocations in force, and a cache that makes a check a lookup."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msctl.auth.identity import Identity
from msctl.auth.refusal import TokenRefused
from msctl.auth.verifier import Expected, verify

if TYPE_CHECKING:
    from msctl.auth.jose import VerifyingKey

MOST_KNOWN = 10_000
"""Verified tokens kept; the oldest go first."""

REFETCH = 10.0
"""Seconds within which whoever verifies has fetched the keys again: a new key is published that long
before it signs, and an unknown key id makes nobody fetch more often."""


class Trust:
    """What one verifying process believes; synchronous, told by others what is new."""

    def __init__(self, expected: Expected) -> None:
        self.expected = expected
        self.keys: Mapping[str, VerifyingKey] | None = None
        self._revoked: dict[str, float] = {}
        self._known: dict[bytes, Identity] = {}

    def check(self, token: bytes, now: float) -> Identity:
        """The identity in ``token`` (``now`` in seconds since 1970); raises ``TokenRefused``."""
        known = self._known.get(token)
        if known is None or now >= known.expires_at:
            known = self._verified(token, now)
        if self._revoked and not known.token_ids.isdisjoint(self._revoked):
            raise TokenRefused("revoked", "the token has been revoked")
        return known

    def use_keys(self, keys: Mapping[str, VerifyingKey]) -> None:
        """These keys are published now; what was signed with another is believed no more."""
        self.keys = keys
        self._known = {token: known for token, known in self._known.items() if known.key_id in keys}

    def use_revoked(self, revoked: Mapping[str, float]) -> None:
        """Token ids revoked now, each with the time after which it need not be remembered."""
        self._revoked = dict(revoked)

    def _verified(self, token: bytes, now: float) -> Identity:
        self._known.pop(token, None)
        identity = verify(token, self.keys or {}, self.expected, now)
        if len(self._known) >= MOST_KNOWN:
            del self._known[next(iter(self._known))]
        self._known[token] = identity
        return identity
