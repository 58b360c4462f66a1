"""A bulkhead: how many calls to one service may be under way at once."""

from __future__ import annotations


class ConcurrencyLimit:
    """Counts calls under way; nobody waits in line.

    At most half of the places go to lasting calls, whose end is their client's to choose: uploads under way
    and streams. However many there are, others find a place.
    """

    __slots__ = ("active", "lasting", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.active = 0
        self.lasting = 0

    @property
    def most_lasting(self) -> int:
        """How many lasting calls may be under way at once."""
        return max(1, self.limit // 2)

    @property
    def is_full(self) -> bool:
        """Whether all places are taken."""
        return self.active >= self.limit

    def enter(self) -> bool:
        """Take a place; False when all are taken."""
        if self.active >= self.limit:
            return False
        self.active += 1
        return True

    def prolong(self) -> bool:
        """Count a call as a lasting one; False when there are enough of them."""
        if self.lasting >= self.most_lasting:
            return False
        self.lasting += 1
        return True

    def hasten(self) -> None:
        """A lasting call has become an ordinary one, or ends."""
        self.lasting -= 1

    def leave(self) -> None:
        """Give the place back."""
        self.active -= 1
