"""Who a verified token speaks for."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Identity:
    """A verified token's content; ``actors`` act for ``subject``, the present one first.

    Times are seconds since 1970. ``token_ids`` are the ids of the token and of those it was exchanged for:
    when one of them is revoked, so is this.
    """

    subject: str
    client: str
    scopes: frozenset[str]
    audience: tuple[str, ...]
    issuer: str
    issued_at: float
    expires_at: float
    token_id: str
    key_id: str
    actors: tuple[str, ...] = ()
    token_ids: frozenset[str] = field(default=frozenset())

    def missing(self, wanted: tuple[str, ...]) -> tuple[str, ...]:
        """Those of ``wanted`` that the token does not have."""
        return tuple(scope for scope in wanted if scope not in self.scopes)
