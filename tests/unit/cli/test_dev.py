"""``msctl dev`` beside other commands, its watching ended as by Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from msctl.engine.port import Identity
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


def test_another_command_that_is_at_work_is_told_once_and_waited_for(
    cli: Cli, stage: Stage, folder: Path, look: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = ExitStack()
    looks = iter((lambda: None, other.close))
    monkeypatch.setattr("msctl.cli.dev.time.sleep", lambda _: next(looks)())

    def save_while_it_works() -> None:
        (folder / "services" / "web" / "Dockerfile").write_text(
            "ARG MSCTL_RUNTIME\nFROM ${MSCTL_RUNTIME}\n#\n"
        )
        stage.images.content["web"] = "two"
        other.enter_context(stage.workspace.lock("up"))

    look(save_while_it_works)
    found = cli("dev")
    assert (found.code, found.err.count("what was saved waits for its end")) == (0, 1)
    assert "shop/web:two" in stage.images.built


def test_what_is_saved_before_the_watch_begins_is_brought_in(
    cli: Cli, stage: Stage, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wakes(*_: object) -> Iterator[str]:
        (folder / "services" / "web" / "Dockerfile").write_text(
            "ARG MSCTL_RUNTIME\nFROM ${MSCTL_RUNTIME}\n#\n"
        )
        stage.images.content["web"] = "two"
        yield "begun"
        raise KeyboardInterrupt

    monkeypatch.setattr(watching, "wakes", wakes)
    assert cli("dev").code == 0
    assert "shop/web:two" in stage.images.built


def test_what_was_scaled_stays_so(cli: Cli, stage: Stage, look: Callable[..., None]) -> None:
    look()
    cli("--quiet", "up")
    cli("--quiet", "scale", "web=3")
    assert cli("dev").code == 0
    assert {"shop-web-1", "shop-web-2", "shop-web-3"} <= set(stage.ids())


def test_the_last_words_are_true_of_a_project_that_was_taken_down(
    cli: Cli, stage: Stage, look: Callable[..., None]
) -> None:
    def taken_down() -> None:
        for name in stage.ids():
            stage.engine.remove_container(Identity("shop", stage.workspace.origin), name)

    look(taken_down)
    assert "what runs of 'shop' goes on running" in " ".join(cli("dev").err.split())
    assert stage.ids() == {}
