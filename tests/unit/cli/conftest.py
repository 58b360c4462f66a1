"""The command line in a project's folder, on the stage of the orchestrator's tests."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from msctl.cli import main as main_module
from msctl.cli.context import Context
from msctl.orchestrator import down as down_module
from msctl.orchestrator import up as up_module
from msctl.orchestrator.access import Access
from tests.unit.orchestrator.stage import Stage

MANIFEST = """\
project: shop
services:
  orders:
    build: services/orders
    replicas: 2
    database: postgres
  web:
    build: services/web
"""


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str


Cli = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder, which is the current one."""
    for name in ("orders", "web"):
        (tmp_path / "services" / name).mkdir(parents=True)
        (tmp_path / "services" / name / "Dockerfile").write_text("ARG MSCTL_RUNTIME\nFROM ${MSCTL_RUNTIME}\n")
    (tmp_path / "msctl.yaml").write_text(MANIFEST)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / ".cache"))  # locks of other runs are not ours
    for name in ("MSCTL_FILE", "MSCTL_VERBOSE", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run ``msctl`` with words, in this process."""

    def run(*words: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["msctl", *words])
        code = 0
        try:
            main_module.main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run


@pytest.fixture
def stage(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The engine, the registry and the images that every command meets."""
    made = Stage(folder)

    @contextmanager
    def access(_: Context) -> Iterator[Access]:
        yield made.access()

    monkeypatch.setattr(Context, "engine", made.engine)
    monkeypatch.setattr(Context, "images", made.images)
    monkeypatch.setattr(Context, "access", access)
    monkeypatch.setattr(up_module, "Access", made.access)
    monkeypatch.setattr(down_module, "Access", made.access)
    return made
