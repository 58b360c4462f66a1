"""Exit codes: what scripts can rely on; errors on stderr, never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from msctl import errors
from msctl.cli import main as main_module
from msctl.cli.context import Context
from tests.unit.cli.conftest import Cli
from tests.unit.orchestrator.stage import Stage
from tests.unit.orchestrator.test_workspace import hold

CODES: dict[type[errors.MsctlError], int] = {
    errors.UsageError: 2,
    errors.ManifestInvalid: 2,
    errors.EngineUnavailable: 3,
    errors.PortTaken: 1,
    errors.NameConflict: 1,
    errors.ImageError: 1,
    errors.RegistryError: 1,
    errors.Locked: 1,
    errors.ProjectConflict: 1,
    errors.NotRunning: 1,
    errors.Interrupted: 130,
}


@pytest.mark.parametrize("kind", CODES, ids=lambda kind: kind.__name__)
def test_each_error_has_its_code_its_words_and_its_hint(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, kind: type[errors.MsctlError]
) -> None:
    failing(monkeypatch, kind("what happened", hint="what to do"))
    found = cli("status")
    assert (found.code, found.out) == (CODES[kind], "")
    assert found.err.splitlines() == ["error: what happened", "hint: what to do"]


def test_a_missing_manifest_is_exit_2(cli: Cli, folder: Path) -> None:
    (folder / "msctl.yaml").unlink()
    for words in (["up"], ["down"], ["status"], ["validate"], ["logs"]):
        found = cli(*words)
        assert (found.code, found.out) == (2, "")
        assert "msctl.yaml" in found.err


def test_an_invalid_manifest_is_exit_2_with_its_place(cli: Cli, folder: Path) -> None:
    (folder / "msctl.yaml").write_text(
        "project: shop\nservices:\n  web:\n    build: services/web\n    prot: 80\n"
    )
    for command in ("up", "validate", "status"):
        found = cli(command)
        assert found.code == 2
        assert "msctl.yaml:5:5: error: services.web.prot: " in found.err
        assert "did you mean 'port'?" in found.err


def test_wrong_words_are_exit_2_with_a_suggestion(cli: Cli) -> None:
    found = cli("stauts")
    assert (found.code, found.out) == (2, "")
    assert "Did you mean 'status', " in found.err
    assert cli("up", "--jsno").code == 2
    assert cli("logs", "--tail", "-1").code == 2


def test_a_wrong_duration_is_exit_2(cli: Cli, stage: Stage) -> None:
    found = cli("up", "--timeout", "soon")
    assert found.code == 2
    assert "'soon'" in found.err
    assert stage.engine.script.calls == []


def test_no_engine_is_exit_3(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{folder}/none.sock")
    for command in ("up", "down", "status", "logs"):
        found = cli(command)
        assert (found.code, found.out) == (3, "")
        assert "none.sock" in found.err
        assert "hint: " in found.err


def test_a_locked_project_is_exit_1_with_the_holders_pid(cli: Cli, stage: Stage) -> None:
    stage.workspace.prepare()
    with hold(stage.workspace) as holder:
        found = cli("up")
    assert found.code == 1
    assert f"pid {holder.pid}" in found.err
    assert stage.engine.script.calls == []


def test_removing_data_needs_a_yes(cli: Cli, stage: Stage) -> None:
    assert cli("up").code == 0
    found = cli("down", "--volumes")
    assert found.code == 2
    assert "--yes" in found.err
    assert stage.ids() != {}


@pytest.mark.usefixtures("folder")
def test_ctrl_c_in_a_command_is_130(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, KeyboardInterrupt())
    assert cli("status").code == 130


def test_ctrl_c_outside_of_one_is_130_and_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[int] = []
    monkeypatch.setattr(os, "_exit", left.append)
    monkeypatch.setattr(main_module, "run", interrupted)
    main_module.main()
    assert left == [130]


@pytest.mark.usefixtures("folder")
def test_a_bug_is_one_line_unless_more_is_asked_for(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, ZeroDivisionError("oops"))
    found = cli("status")
    assert found.code == 1
    assert "ZeroDivisionError: oops" in found.err
    assert "Traceback" not in found.err
    assert "Traceback" in cli("--verbose", "status").err


def test_a_closed_pipe_is_no_traceback() -> None:
    program = [sys.executable, "-c", "from msctl.cli.main import main; main()", "schema"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        told = process.stderr.read()
    assert b"Traceback" not in told


@pytest.mark.parametrize("arguments", [("schema",), ("manifest", "reference")])
def test_a_full_disk_is_told_in_one_line(arguments: tuple[str, ...]) -> None:
    program = [sys.executable, "-c", "from msctl.cli.main import main; main()", *arguments]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(program, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert done.stderr.decode().startswith("error: No space left on device")


def test_a_terminal_without_our_characters_gets_others() -> None:
    program = [sys.executable, "-c", "from msctl.cli.main import main; main()", "manifest", "reference"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(program, capture_output=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(("answer", "code"), [("abort", 130), ("no", 1)])
def test_an_unwanted_removal_is_left(
    cli: Cli, stage: Stage, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    def asked(*_: object, **__: object) -> bool:
        if answer == "abort":
            raise typer.Abort
        return False

    monkeypatch.setattr(typer, "confirm", asked)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    found = cli("down", "--volumes")
    assert (found.code, "nothing was done" in found.err) == (code, True)
    assert stage.engine.script.calls == []


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Let reading the manifest raise ``error``."""

    def loaded(_: Context) -> Any:
        raise error

    monkeypatch.setattr(Context, "loaded", property(loaded))


def interrupted() -> None:
    raise KeyboardInterrupt
