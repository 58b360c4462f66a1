"""Why a token is not accepted: a short reason for programs, a sentence for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from msctl.errors import MsctlError

Reason = Literal[
    "malformed",
    "too-large",
    "embedded-key",
    "critical",
    "type",
    "algorithm",
    "unknown-key",
    "signature",
    "claims",
    "issuer",
    "audience",
    "expired",
    "not-yet-valid",
    "revoked",
]


_WHOLE = "a token is what 'msctl token issue' prints, all of it and nothing else"
_OURS = "'msctl token inspect' shows who issued it, when and for whom"
_OVER = "nobody accepts it any more, so that nothing is left to do"
HINTS: Mapping[str, str] = {
    **dict.fromkeys(("malformed", "too-large"), _WHOLE),
    **dict.fromkeys(("unknown-key", "signature", "claims", "issuer", "audience", "not-yet-valid"), _OURS),
    **dict.fromkeys(("embedded-key", "critical", "type", "algorithm"), _OURS),
    **dict.fromkeys(("expired", "revoked"), _OVER),
}
"""What a person who holds the token can do, by reason."""


class TokenRefused(MsctlError):
    """The token is not to be trusted; to an HTTP client this is 401 ``invalid_token``."""

    code: ClassVar[str] = "token-refused"

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message, HINTS.get(reason))
        self.reason = reason


class KeySetRefused(MsctlError):
    """A set of keys cannot be used: not a JWKS, ambiguous, or nothing in it is fit to verify with."""

    code: ClassVar[str] = "key-set-refused"
