"""Every command on a project that was never started, and on one that was stopped."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from msctl.cli import main as main_module
from msctl.cli.context import Context
from tests.unit.cli.conftest import Cli, put_on_stage, set_out
from tests.unit.cli.every_command import MANIFEST, WITH_MANIFEST, WITHOUT_ENGINE, told, words
from tests.unit.orchestrator.stage import Stage

STARTS = {"dev", "scale", "up"}
"""They start what does not run."""

SHOWS = {"health", "status", "wait"}
"""They show what runs: nothing does, and their code says so."""

WELL = {*WITHOUT_ENGINE, "down", "history", "plan"}
"""They have something to say, or nothing to do."""

WELL_STOPPED = {*WELL, "logs", "stop", "trace"}
"""The same of a stopped project, whose containers and past are there."""

OTHER_PROGRAMS = {"run"}
"""It goes on as the docker command, to a real engine."""

WAYS = Context.access


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Stage]:
    """A project all of whose containers have ended."""
    folder = tmp_path_factory.mktemp("stopped")
    with pytest.MonkeyPatch.context() as patch:
        set_out(folder, patch)
        (folder / "msctl.yaml").write_text(MANIFEST)
        (folder / "token.jwt").write_text("a.b.c")
        stage = put_on_stage(folder, patch)
        patch.setattr(sys, "argv", ["msctl", "--quiet", "up"])
        with pytest.raises(SystemExit, match="0"):
            main_module.main()
    for container in stage.engine.observe("shop").containers:
        stage.engine.crash(container.name, 0)
    return folder, stage


@pytest.fixture
def ended(stopped: tuple[Path, Stage], monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The stopped project, in whose folder we are; no way into it is prepared."""
    folder, stage = stopped
    set_out(folder, monkeypatch)
    (folder / "msctl.yaml").write_text(MANIFEST)
    put_on_stage(folder, monkeypatch, stage)
    monkeypatch.setattr(Context, "access", WAYS)
    return stage


@pytest.fixture
def untouched(folder: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A project that was never started."""
    (folder / "msctl.yaml").write_text(MANIFEST)
    (folder / "token.jwt").write_text("a.b.c")
    monkeypatch.setattr(Context, "access", WAYS)
    return stage


def test_the_tables_name_commands() -> None:
    named = STARTS | SHOWS | WELL_STOPPED | OTHER_PROGRAMS
    assert named <= set(WITH_MANIFEST)


@pytest.mark.parametrize("name", [name for name in WITH_MANIFEST if name not in STARTS])
def test_never_started(cli: Cli, untouched: Stage, name: str) -> None:
    found = cli(*words(name))
    if name in SHOWS:
        assert (found.code, "msctl up" in found.out, found.err) == (1, True, "")
    elif name in WELL:
        assert (found.code, "error: " in found.err) == (0, False)
    elif name == "rollback":
        told(found, 2)
    else:
        told(found, 1)
        assert "msctl up" in found.err
    assert untouched.ids() == {}


@pytest.mark.parametrize(
    "name", [name for name in WITH_MANIFEST if name not in STARTS | OTHER_PROGRAMS | {"down"}]
)
def test_stopped(cli: Cli, ended: Stage, name: str) -> None:
    before = list(ended.engine.script.calls)
    found = cli(*words(name))
    if name in SHOWS:
        assert (found.code, bool(found.out), found.err) == (1, True, "")
    elif name in WELL_STOPPED:
        assert (found.code, "error: " in found.err) == (0, False)
    elif name == "rollback":
        told(found, 2)
    else:
        told(found, 1)
        assert "msctl up" in found.err or "msctl start" in found.err
    assert ended.engine.script.calls == before
