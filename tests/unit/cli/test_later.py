"""Commands are known by name, and built one by one."""

from __future__ import annotations

import pytest
import typer
from typer.main import get_command

from msctl.cli.later import LaterCommands, later


@pytest.fixture
def catalogue() -> typer.Typer:
    """Two commands and a group of one."""
    made, group = typer.Typer(), typer.Typer(help="About things.")
    made.command()(sing_loud)
    made.command("say")(hum)
    group.command()(hum)
    made.add_typer(group, name="things")
    return made


def sing_loud(times: int = 1) -> None:
    """Sing."""
    print("la" * times)


def hum() -> None:
    """Hum."""
    print("mm")


def test_names_are_known_before_anything_is_built(catalogue: typer.Typer) -> None:
    commands = LaterCommands(catalogue)
    assert list(commands) == ["sing-loud", "say", "things"]
    assert len(commands) == 3
    assert not commands._built


def test_only_what_is_asked_for_is_built(catalogue: typer.Typer) -> None:
    commands = LaterCommands(catalogue)
    assert [parameter.name for parameter in commands["sing-loud"].params] == ["times"]
    assert list(commands._built) == ["sing-loud"]
    assert commands["sing-loud"] is commands["sing-loud"]


def test_a_group_has_its_own_commands(catalogue: typer.Typer) -> None:
    group = LaterCommands(catalogue)["things"]
    assert (group.help, list(group.commands)) == ("About things.", ["hum"])


def test_a_name_that_there_is_not(catalogue: typer.Typer) -> None:
    assert LaterCommands(catalogue).get("dance") is None


def test_they_run(catalogue: typer.Typer, capsys: pytest.CaptureFixture[str]) -> None:
    app = typer.Typer(cls=later(catalogue))
    app.callback()(lambda: None)
    get_command(app).main(["sing-loud", "--times", "2"], standalone_mode=False)
    get_command(app).main(["things", "hum"], standalone_mode=False)
    assert capsys.readouterr().out == "lala\nmm\n"
