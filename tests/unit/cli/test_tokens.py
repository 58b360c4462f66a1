"""``msctl token`` where it needs nobody: verifying and inspecting offline, clients, and its mistakes."""

from __future__ import annotations

import io
import json
import sys
import time
from pathlib import Path

import pytest

from tests.unit.auth.corpus import AUDIENCE, CORPUS, ISSUER, good, key_set
from tests.unit.cli.conftest import Cli
from tests.unit.orchestrator.stage import Stage


@pytest.fixture
def offline(tmp_path: Path) -> tuple[str, ...]:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(key_set()))
    return ("--jwks", str(path), "--issuer", ISSUER, "--audience", AUDIENCE)


def saved(folder: Path, token: str | bytes) -> str:
    path = folder / "token.txt"
    path.write_bytes(token if isinstance(token, bytes) else token.encode())
    return str(path)


@pytest.mark.parametrize("name", CORPUS)
def test_a_bad_token_is_refused_with_its_reason(
    cli: Cli, tmp_path: Path, offline: tuple[str, ...], name: str
) -> None:
    file = saved(tmp_path, CORPUS[name].make(time.time()))
    found = cli("token", "verify", file, *offline, "--json")
    assert (found.code, found.err) == (1, "")
    assert json.loads(found.out)["reason"] == CORPUS[name].reason


def test_a_bad_token_can_be_looked_into_or_is_none(cli: Cli, tmp_path: Path) -> None:
    for name, spoilt in CORPUS.items():
        found = cli("token", "inspect", saved(tmp_path, spoilt.make(time.time())))
        assert found.code in (0, 1), name
        assert "Traceback" not in found.err


def test_what_is_no_token_is_told_with_a_remedy(cli: Cli, tmp_path: Path) -> None:
    found = cli("token", "inspect", saved(tmp_path, "garbage"))
    assert (found.code, found.out) == (1, "")
    assert "hint: a token is what 'msctl token issue' prints" in found.err


def test_a_good_token_is_valid(cli: Cli, tmp_path: Path, offline: tuple[str, ...]) -> None:
    file = saved(tmp_path, good(time.time(), act={"sub": "gateway"}) + "\n")
    found = cli("token", "verify", file, *offline, "--scope", "orders:read")
    assert (found.code, found.out) == (0, "valid: ann (acting: gateway), orders:read\n")
    refused = cli("token", "verify", file, *offline, "--scope", "orders:write")
    assert (refused.code, refused.out) == (1, "refused: insufficient-scope: it lacks orders:write\n")


def test_a_token_is_piped_in(cli: Cli, offline: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(good(time.time()).encode())))
    assert cli("token", "verify", *offline).code == 0


def test_inspecting_explains(cli: Cli, tmp_path: Path) -> None:
    found = cli("token", "inspect", saved(tmp_path, good(time.time() - 1000)))
    assert found.code == 0
    assert "the token expired" in found.out
    assert "the signature was not checked" in found.out


@pytest.mark.parametrize(
    "words",
    [
        ("verify", "no-such-file"),
        ("verify", "--jwks", "jwks.json"),
        ("issue", "--client", "web", "--service", "orders"),
        ("issue", "--ttl", "soon"),
        ("clients", "web"),
    ],
    ids=" ".join,
)
def test_wrong_words_are_exit_2(cli: Cli, stage: Stage, words: tuple[str, ...]) -> None:
    assert cli("token", *words).code == 2


def test_a_manifest_without_scopes_needs_no_tokens(cli: Cli, stage: Stage) -> None:
    found = cli("token", "issue")
    assert found.code == 2
    assert "nothing in this manifest needs a token" in found.err


def test_keys_that_are_none(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "jwks.json").write_text("[]")
    expected = ("--issuer", ISSUER, "--audience", AUDIENCE)
    for source in ("jwks.json", "no-such-file"):
        found = cli("token", "verify", saved(tmp_path, good()), "--jwks", str(tmp_path / source), *expected)
        assert found.code == 1
        assert found.err.startswith("error: ")


@pytest.fixture
def guarded(folder: Path) -> None:
    path = folder / "msctl.yaml"
    path.write_text(path.read_text().replace("    replicas: 2\n", "    scopes: [orders:read]\n"))
    with path.open("a") as file:
        file.write("auth:\n  clients:\n    app: {scopes: [orders:read]}\n")


@pytest.mark.usefixtures("guarded")
def test_clients_are_listed_and_a_secret_is_saved_for_its_owner_alone(
    cli: Cli, stage: Stage, tmp_path: Path
) -> None:
    assert {c["name"] for c in json.loads(cli("token", "clients", "--json").out)} == {
        "gateway", "operator", "orders", "web", "app",
    }  # fmt: skip
    stage.workspace.write("credentials.json", {"clients/app": "hunter2"})
    target = tmp_path / "app.secret"
    for code in (0, 1):
        found = cli("token", "clients", "app", "--save", str(target))
        assert found.code == code
        assert "hunter2" not in found.out + found.err
    assert target.read_text() == "hunter2\n"
    assert target.stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("guarded")
def test_without_a_project_that_runs_it_says_what_to_do(cli: Cli, stage: Stage) -> None:
    found = cli("token", "issue")
    assert found.code == 1
    assert "run 'msctl up' here" in found.err
