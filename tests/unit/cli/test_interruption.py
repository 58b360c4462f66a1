"""Ctrl-C: one line on stderr, exit code 130, nothing on stdout, and nobody is waited for."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from msctl.cli import main as main_module
from msctl.cli.context import Context
from msctl.cli.interruption import telling_interruption
from msctl.cli.words import Commands
from msctl.errors import EngineError, Interrupted
from msctl.orchestrator.journal import entries
from msctl.orchestrator.workspace import Workspace
from tests.unit.cli.conftest import Cli, failing

MSCTL = [sys.executable, "-c", "from msctl.cli.main import main; main()"]
PLAIN = ["error: interrupted"]
CONTINUED = ["error: interrupted; what was done so far stays", "hint: run the same command to continue"]
BUILT = ["error: interrupted; images that were finished stay", "hint: run the same command to continue"]


@pytest.fixture
def silent_engine(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """An engine that takes questions and answers none."""
    with socket.socket(socket.AF_UNIX) as engine:
        engine.bind(str(folder / "engine.sock"))
        engine.listen()
        engine.settimeout(60.0)
        monkeypatch.setenv("DOCKER_HOST", f"unix://{folder}/engine.sock")
        yield engine


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["status", "--json"], PLAIN),
        (["plan", "--json"], PLAIN),
        (["doctor", "--json"], PLAIN),
        (["logs", "--json"], PLAIN),
        (["circuits", "--json"], PLAIN),
        (["db", "backup", "orders", "--json"], PLAIN),
        (["restart", "web", "--json"], CONTINUED),
        (["images", "build", "registry", "--json"], BUILT),
    ],
    ids="-".join,
)
def test_a_command_that_waits_for_the_engine(
    silent_engine: socket.socket, words: list[str], told: list[str]
) -> None:
    with (
        subprocess.Popen(
            [*MSCTL, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
        asked(silent_engine),
    ):
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out, err.splitlines()) == (130, "", told)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("moment", ["make_context", "invoke"])
def test_while_words_are_read_or_a_command_runs(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    monkeypatch.setattr(Commands.__mro__[1], moment, interrupted)
    found = cli("status")
    assert (found.code, found.out, found.err.splitlines()) == (130, "", PLAIN)


def test_while_the_commands_are_imported(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main_module, "run", interrupted)
    found = cli("status")
    assert (found.code, found.out, found.err.splitlines()) == (130, "", PLAIN)


@pytest.mark.usefixtures("folder")
def test_a_second_one_ends_the_process_while_the_first_is_told(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    handlers: list[object] = []
    monkeypatch.setattr(main_module, "_show", lambda _: handlers.append(signal.getsignal(signal.SIGINT)))
    failing(monkeypatch, KeyboardInterrupt())
    assert cli("status").code == 130
    assert handlers == [signal.SIG_DFL]


@pytest.mark.usefixtures("folder")
def test_what_was_printed_before_is_not_lost(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def printing(*_: object) -> None:
        print("first line")
        raise KeyboardInterrupt

    monkeypatch.setattr(Context, "loaded", property(printing))
    found = cli("status")
    assert (found.code, found.out) == (130, "first line\n")


def test_it_is_written_down_and_the_observer_is_not_waited_for(
    silent_engine: socket.socket, folder: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(Context, "tell_history", lambda _: asked.append("observer"))
    monkeypatch.setattr(Context, "engine", property(interrupted))
    assert cli("restart", "web").code == 130
    assert [(e.command, e.result) for e in entries(Workspace.of(folder))] == [("restart web", "interrupted")]
    assert asked == []


def test_only_ctrl_c_is_told_as_one() -> None:
    with pytest.raises(EngineError), telling_interruption("never said"):
        raise EngineError("no disk")
    with pytest.raises(Interrupted, match=r"^first"), telling_interruption("never said"):
        raise Interrupted("first")


def asked(engine: socket.socket) -> socket.socket:
    """The connection of the first question; one that only knocks asks nothing."""
    while True:
        connection, _ = engine.accept()
        if connection.recv(1):
            return connection
        connection.close()


def interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt
