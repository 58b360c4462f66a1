"""Who runs beside whom when tests are spread over two processes (``make test``), and that Ctrl-C is heard.

End-to-end tests mostly wait for containers, so there is room beside them; among themselves each kind
stays in one process, which starts what they share once.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

_TOGETHER = frozenset({"e2e", "integration"})


class ByKind(LoadScopeScheduling):  # type: ignore[misc]
    """End-to-end tests to one process, integration tests to one, the others to whoever has time."""

    def _split_scope(self, nodeid: str) -> str:
        kind = nodeid.split("/")[1]
        return kind if kind in _TOGETHER else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByKind:
    """Spread by kind."""
    return ByKind(config, log)


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> Iterator[None]:
    """Commands under test can be interrupted, also when the tests run in the background of a shell.

    Such a shell has its children ignore SIGINT, and they theirs; what is handled here starts anew in a child.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
