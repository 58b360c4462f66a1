"""What ``dev --debug`` changes of a service, and what it tells an editor."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from msctl.engine.memory import MemoryEngine
from msctl.errors import UsageError
from msctl.model.project import Project
from msctl.orchestrator.dev import debugging
from msctl.orchestrator.dev.debugging import attachable, configuration, debugged, debugger_of
from tests.unit.plan.projects import project, service

PYTHON = "ARG MSCTL_RUNTIME\nFROM ${MSCTL_RUNTIME}\nCOPY . .\n"
NODE = "ARG MSCTL_NODE\nFROM ${MSCTL_NODE}\nWORKDIR /srv\nCOPY . .\n"


def declared(folder: Path, dockerfile: str) -> Project:
    build = folder / "services" / "web"
    build.mkdir(parents=True)
    (build / "Dockerfile").write_text(dockerfile)
    web = replace(service("web", replicas=3), environment={"NODE_OPTIONS": "--no-warnings", "A": "b"})
    return replace(project(web, service("mail")), folder=folder)


def test_a_python_service_listens_and_is_never_restarted_for_standing_still(tmp_path: Path) -> None:
    before = declared(tmp_path, PYTHON)
    after = debugged(before, debugger_of(before, before.services["web"]))
    web = after.services["web"]
    assert (web.replicas, web.health.live) == (1, None)
    assert web.environment["MSCTL_DEBUG_PORT"] == "5678"
    assert web.environment["A"] == "b"
    assert after.services["mail"] == before.services["mail"]


def test_a_node_service_keeps_its_options(tmp_path: Path) -> None:
    before = declared(tmp_path, NODE)
    after = debugged(before, debugger_of(before, before.services["web"]))
    assert after.services["web"].environment["NODE_OPTIONS"] == "--no-warnings --inspect=0.0.0.0:9229"


def test_other_images_have_no_debugger_that_is_known(tmp_path: Path) -> None:
    other = declared(tmp_path, "FROM alpine\n")
    with pytest.raises(UsageError, match="no debugger"):
        debugger_of(other, other.services["web"])


@pytest.mark.parametrize(
    ("dockerfile", "kind", "remote"), [(PYTHON, "debugpy", "/app"), (NODE, "node", "/srv")]
)
def test_an_editor_is_told_where_sources_lie(tmp_path: Path, dockerfile: str, kind: str, remote: str) -> None:
    before = declared(tmp_path, dockerfile)
    told = configuration(before, debugger_of(before, before.services["web"]))
    assert told["type"] == kind
    assert "${workspaceFolder}/services/web" in json.dumps(told)
    assert remote in json.dumps(told)
    assert told.get("restart", False) == (kind == "node"), "what is saved starts another process"


def test_a_port_that_is_taken_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = declared(tmp_path, PYTHON)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr(debugging, "PYTHON_PORT", taken.getsockname()[1])
        debugger = debugger_of(before, before.services["web"])
        with pytest.raises(UsageError, match="is taken"), attachable(MemoryEngine(), "shop", debugger):
            pass
