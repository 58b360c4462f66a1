"""What keeps a project from running is found, with its remedy."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from msctl.engine.port import EngineFacts
from msctl.errors import EngineUnavailable
from msctl.manifest.loading import load
from msctl.model.project import Project
from msctl.orchestrator.doctor import Finding, examine
from msctl.orchestrator.doctor.judging import judge_engine, judge_machine, judge_memory, judge_port
from msctl.orchestrator.doctor.machine import Machine, read_machine
from tests.unit.orchestrator.stage import Stage

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GIB = 1024**3
ENGINE = EngineFacts("docker", "27.1.0", 4, 8 * GIB, True, "/var/lib/docker", NOW)
MACHINE = Machine((3, 12), {"/data": 50 * GIB}, 6 * GIB)


def levels(findings: list[Finding]) -> dict[str, str]:
    return {finding.check: finding.level for finding in findings}


@pytest.mark.parametrize(
    ("change", "check", "level"),
    [
        ({}, "engine", "pass"),
        ({"version": "19.03.1"}, "engine", "fail"),
        ({"version": "20.10.24+dfsg1"}, "engine", "pass"),
        ({"time": NOW + timedelta(seconds=5)}, "clock", "warn"),
        ({"time": NOW - timedelta(minutes=2)}, "clock", "fail"),
    ],
)
def test_engines(change: dict[str, object], check: str, level: str) -> None:
    facts = replace(ENGINE, **change)  # type: ignore[arg-type]
    assert levels(list(judge_engine(facts, NOW)))[check] == level


@pytest.mark.parametrize(
    ("change", "check", "level"),
    [
        ({}, "disk", "pass"),
        ({"python": (3, 10)}, "python", "fail"),
        ({"free_disk": {"/": 3 * GIB}}, "disk", "warn"),
        ({"free_disk": {"/": GIB // 2}}, "disk", "fail"),
        ({"read_only": "/shop"}, "folder", "fail"),
        ({"open_files": 256}, "open files", "warn"),
        ({"names": {"images.test": False}}, "DNS", "warn"),
        ({"proxies": {"HTTPS_PROXY": "proxy:3128"}}, "proxy", "fail"),
        ({"proxies": {"HTTPS_PROXY": "http://[proxy"}}, "proxy", "fail"),
        ({"proxies": {"HTTPS_PROXY": "http://proxy:3128"}}, "proxy", "warn"),
        (
            {"proxies": {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "x, localhost"}},
            "proxy",
            "pass",
        ),
        ({"bundles": {"SSL_CERT_FILE": "/nowhere.pem"}}, "certificates", "fail"),
        ({"bundles": {"SSL_CERT_FILE": __file__}}, "certificates", "pass"),
    ],
)
def test_machines(change: dict[str, object], check: str, level: str) -> None:
    findings = list(judge_machine(replace(MACHINE, **change)))  # type: ignore[arg-type]
    assert levels(findings)[check] == level
    assert all(finding.remedy for finding in findings if finding.level != "pass")


@pytest.mark.parametrize(("free", "level"), [(6 * GIB, "pass"), (GIB, "warn"), (GIB // 4, "fail")])
def test_memory_is_compared_with_what_the_project_needs(free: int, level: str) -> None:
    assert judge_memory(ENGINE, replace(MACHINE, free_memory=free), 5, 3).level == level


def test_a_remote_engines_memory_is_its_own() -> None:
    remote = replace(ENGINE, local=False)
    assert judge_memory(remote, replace(MACHINE, free_memory=0), 5, 3).level == "pass"


def test_a_port_of_our_own_gateway_is_no_trouble() -> None:
    taken = replace(MACHINE, port_trouble="address already in use")
    assert judge_port(taken, "127.0.0.1:8080", ours=True).level == "pass"
    assert judge_port(taken, "127.0.0.1:8080", ours=False).level == "fail"


def test_this_machine_can_be_read(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        address = ("127.0.0.1", port)
        found = read_machine(
            {"https_proxy": "http://p:1"}, (Path("/nowhere"), tmp_path), address, "localhost"
        )
    assert found.port_trouble == os.strerror(98).lower()
    assert found.proxies == {"HTTPS_PROXY": "http://p:1"}
    assert list(found.free_disk) == [str(tmp_path)]
    assert found.read_only is None
    assert found.free_memory
    assert found.names == {"localhost": True}


def test_a_folder_that_cannot_be_written_is_known(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    assert read_machine({}, (tmp_path, gone), None, None).read_only == str(gone)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "msctl.yaml").write_text("project: shop\nservices: {web: {image: web}}\n")
    return load(tmp_path / "msctl.yaml", {}).project


def read(*_: object) -> Machine:
    return MACHINE


def test_without_an_engine_the_machine_is_looked_at_all_the_same(project: Project) -> None:
    def connect() -> None:
        raise EngineUnavailable("nothing answers", "start it")

    findings = examine(connect, project, {}, read)  # type: ignore[arg-type]
    assert findings[0] == Finding("engine", "fail", "nothing answers", "start it")
    assert levels(findings)["disk"] == "pass"


def test_a_project_that_does_not_run_is_no_trouble(project: Project, tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    findings = levels(examine(lambda: stage.engine, project, {}, read))
    assert findings["project"] == findings["memory"] == "pass"
