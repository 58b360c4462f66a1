"""A bulkhead: how many calls to one service may be under way at once."""

from __future__ import annotations


class ConcurrencyLimit:
    """Counts calls under way; nobody waits in line."""

    __slots__ = ("active", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.active = 0

    def enter(self) -> bool:
        """Take a place; False when all are taken."""
        if self.active >= self.limit:
            return False
        self.active += 1
        return True

    def leave(self) -> None:
        """Give the place back."""
        self.active -= 1
