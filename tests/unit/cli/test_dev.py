"""``msctl dev`` beside other commands, its watching ended as by Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from msctl.orchestrator.dev import watching
from tests.unit.cli.conftest import Cli
from tests.unit.orchestrator.stage import Stage


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the watching do these things, one for each time that something has changed, and end."""

    def script(*steps: Callable[[], object]) -> None:
        def wakes(*_: Sequence[Any]) -> Iterator[str]:
            for step in steps:
                step()
                yield "sources"
            raise KeyboardInterrupt

        monkeypatch.setattr(watching, "wakes", wakes)

    return script


def test_what_was_scaled_stays_so(cli: Cli, stage: Stage, look: Callable[..., None]) -> None:
    look()
    cli("--quiet", "up")
    cli("--quiet", "scale", "web=3")
    assert cli("dev").code == 0
    assert {"shop-web-1", "shop-web-2", "shop-web-3"} <= set(stage.ids())
