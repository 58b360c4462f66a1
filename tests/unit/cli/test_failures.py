"""Every command that cannot do its work says so in one sentence, with a remedy and the right exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Cli
from tests.unit.cli.every_command import (
    ALONE,
    COMMANDS,
    MANIFEST,
    MORE,
    WITH_ENGINE,
    WITH_MANIFEST,
    WITHOUT_ENGINE,
    WORDS,
    told,
    words,
)


@pytest.fixture
def away(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project on a machine whose engine does not answer."""
    (folder / "msctl.yaml").write_text(MANIFEST)
    (folder / "token.jwt").write_text("a.b.c")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{folder}/none.sock")
    return folder


def test_the_table_knows_every_command_and_nothing_else() -> None:
    assert set(ALONE) | WITHOUT_ENGINE | set(MORE) <= set(COMMANDS)
    given = {word for name in COMMANDS for word in words(name)}
    assert set(WORDS.values()) <= given


@pytest.mark.parametrize("name", WITH_MANIFEST)
def test_without_a_manifest(cli: Cli, away: Path, name: str) -> None:
    (away / "msctl.yaml").unlink()
    told(cli(*words(name)), 2)


@pytest.mark.parametrize("name", WITH_MANIFEST)
def test_in_a_wrong_folder(
    cli: Cli,
    away: Path,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    told(cli(*words(name)), 2)


@pytest.mark.parametrize("name", WITH_ENGINE)
def test_without_an_engine(cli: Cli, away: Path, name: str) -> None:
    told(cli(*words(name)), 3)


@pytest.mark.parametrize("name", sorted(WITHOUT_ENGINE))
def test_what_needs_no_engine_does_without(cli: Cli, away: Path, name: str) -> None:
    assert cli(*words(name)).code == 0


@pytest.mark.parametrize("name", ALONE)
def test_what_needs_no_manifest_does_without(cli: Cli, away: Path, name: str) -> None:
    (away / "msctl.yaml").unlink()
    found = cli(*words(name))
    if name == "doctor" or ALONE[name] == 0:
        assert (found.code, "error: " in found.err) == (ALONE[name], False)
    else:
        told(found, ALONE[name])


@pytest.mark.parametrize(
    "address", ["nonsense", "tcp://[::1", "tcp://engine:99999", "ssh://[a", "tcp://127.0.0.1:1"]
)
def test_an_address_that_is_none_is_an_engine_that_is_away(
    cli: Cli, away: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", address)
    told(cli("status"), 3)
    assert cli("doctor").code == 1


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_wrong_words(cli: Cli, away: Path, name: str) -> None:
    hands_on = COMMANDS[name].context_settings.get("ignore_unknown_options") if name else False
    if not hands_on:
        told(cli(*name.split(), "--nonsense"), 2)
