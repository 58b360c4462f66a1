"""Ctrl-C: whatever a command does, it becomes an ``Interrupted``, which says what was left undone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from msctl.errors import Interrupted


@contextmanager
def telling_interruption(left: str | None = None, hint: str | None = None) -> Iterator[None]:
    """Let Ctrl-C in the block say what is ``left`` behind; every command is in such a block without words."""
    try:
        yield
    except KeyboardInterrupt as exc:
        raise Interrupted("; ".join(filter(None, ("interrupted", left))), hint) from exc
