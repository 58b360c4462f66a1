"""The command line in a project's folder, on the stage of the orchestrator's tests."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    set_out(tmp_path, monkeypatch)
    return tmp_path


def set_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make ``folder`` a project's, and the current one, without what the machine has set."""
    for name in ("orders", "web"):
        (folder / "services" / name).mkdir(parents=True, exist_ok=True)
        (folder / "services" / name / "Dockerfile").write_text("ARG MSCTL_RUNTIME\nFROM ${MSCTL_RUNTIME}\n")
    (folder / "msctl.yaml").write_text(MANIFEST)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / ".cache"))  # locks of other runs are not ours
    for name in ("MSCTL_FILE", "MSCTL_VERBOSE", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run ``msctl`` with words, in this process."""

    def run(*words: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["msctl", *words])
        monkeypatch.setattr(os, "_exit", sys.exit)
        on_interrupt = signal.getsignal(signal.SIGINT)
        code = 0
        try:
            main_module.main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        finally:
            signal.signal(signal.SIGINT, on_interrupt)
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Let reading the manifest raise ``error``."""

    def loaded(_: Context) -> Any:
        raise error

    monkeypatch.setattr(Context, "loaded", property(loaded))


@pytest.fixture
def stage(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The engine, the registry and the images that every command meets."""
    return put_on_stage(folder, monkeypatch)


def put_on_stage(folder: Path, monkeypatch: pytest.MonkeyPatch, made: Stage | None = None) -> Stage:
    """Let every command meet a stage, by default a new one."""
    stage = made or Stage(folder)

    @contextmanager
    def access(_: Context) -> Iterator[Access]:
        yield stage.access()

    monkeypatch.setattr(Context, "engine", stage.engine)
    monkeypatch.setattr(Context, "images", stage.images)
    monkeypatch.setattr(Context, "access", access)
    monkeypatch.setattr(up_module, "Access", stage.access)
    monkeypatch.setattr(down_module, "Access", stage.access)
    return stage
