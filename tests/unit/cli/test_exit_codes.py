"""Exit codes: what scripts can rely on; errors on stderr, never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from msctl import errors
from msctl.cli.words import our_voice
from tests.unit.cli.conftest import Cli, failing
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
    assert "; did you mean 'status', " in found.err
    assert cli("up", "--jsno").code == 2
    assert cli("logs", "--tail", "-1").code == 2


@pytest.mark.parametrize(
    ("told", "ours"),
    [
        ("No such option: --jsno", "no such option: --jsno"),
        ("No such command 'dbb'. Did you mean 'db'?", "no such command 'dbb'; did you mean 'db'?"),
        (
            "Invalid value for '--database' / '-d': Value error, 'mongo' is not one of 'a', 'b'.",
            "invalid value for '--database' / '-d': 'mongo' is not one of 'a', 'b'",
        ),
        (
            "Invalid value for '--port': Input should be greater than or equal to 1.",
            "invalid value for '--port': input should be greater than or equal to 1",
        ),
    ],
)
def test_what_is_wrong_about_words_is_said_in_our_voice(told: str, ours: str) -> None:
    assert our_voice(told) == ours


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
