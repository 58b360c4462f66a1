"""An engine in memory, for tests: the port's semantics, with failures and answers by script."""

from __future__ import annotations

from msctl.engine.memory.engine import MemoryEngine

__all__ = ["MemoryEngine"]
