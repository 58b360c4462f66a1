"""How many connections to instances the open-file limit leaves room for."""

from __future__ import annotations

from typing import Self

SHARE = 0.75
"""What one service may have of all, so that another that hangs leaves it some."""


class FileBudget:
    """Counts open connections, in each service's share and in all."""

    __slots__ = ("_all", "limit", "used")

    def __init__(self, limit: float = float("inf"), everything: Self | None = None) -> None:
        self.limit = limit
        self.used = 0
        self._all = everything

    def share(self) -> FileBudget:
        """The part that one service may use."""
        return FileBudget(max(1.0, self.limit * SHARE), self)

    @property
    def is_spent(self) -> bool:
        """Whether there is no room for another connection."""
        return self.used >= self.limit or (self._all is not None and self._all.is_spent)

    @property
    def is_scarce(self) -> bool:
        """Whether so many are open that none should be kept idle."""
        everything = self._all or self
        return everything.used > everything.limit / 2

    def hold(self) -> None:
        """One more is open, or about to be."""
        self.used += 1
        if self._all is not None:
            self._all.hold()

    def release(self) -> None:
        """One is closed."""
        self.used -= 1
        if self._all is not None:
            self._all.release()
