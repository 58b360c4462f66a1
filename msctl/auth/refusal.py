"""Why a token is not accepted: a short reason for programs, a sentence for people."""

from __future__ import annotations

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


class TokenRefused(MsctlError):
    """The token is not to be trusted; to an HTTP client this is 401 ``invalid_token``."""

    code: ClassVar[str] = "token-refused"

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class KeySetRefused(MsctlError):
    """A set of keys cannot be used: not a JWKS, ambiguous, or nothing in it is fit to verify with."""

    code: ClassVar[str] = "key-set-refused"
