"""The manifest as it takes effect means the same, and says where each value comes from."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from msctl.manifest.disk import Disk
from msctl.manifest.effective import as_json, as_yaml, effective
from msctl.manifest.findings import Findings
from msctl.manifest.loading import read_tree, validate
from msctl.manifest.overlay import Overlay
from msctl.manifest.reference import reference_text
from msctl.manifest.source import Source
from msctl.model.project import Project

MANIFESTS = {path.name: path.read_text() for path in (Path(__file__).parent / "manifests").iterdir()}
MANIFESTS["reference"] = reference_text()
MANIFESTS["short forms"] = """\
project: a
gateway: {routes: [{path: /x, service: web, cors: null}]}
services:
  web: {image: x, circuit: off, database: redis, calls: [db], subscribes: [a.b, {pattern: c.d}]}
  db: {external: "http://x:1", health: {live: off}}
"""


def project(text: str, folder: Path) -> Project:
    found = validate(Source("msctl.yaml", text, ""), {}, Disk(folder)).project
    return replace(found, revision="")


def settings_of(text: str) -> str:
    source = Source("msctl.yaml", text, "")
    return as_yaml(effective(read_tree(source, Findings("msctl.yaml", source.lines)), "msctl.yaml"))


@pytest.mark.parametrize("name", MANIFESTS)
def test_it_means_the_same(name: str, project_folder: Path) -> None:
    text = MANIFESTS[name]
    assert project(settings_of(text), project_folder) == project(text, project_folder)


def test_every_value_says_where_it_comes_from() -> None:
    lines = settings_of("project: a\nservices:\n  web:\n    image: x\n    replicas: 2\n").splitlines()
    said = {line.split("#")[0].strip(): line.split("# ")[-1] for line in lines if "#" in line}
    assert said["replicas: 2"] == "msctl.yaml:5"
    assert said["port: 8000"] == "default"
    assert "# build: none" in "\n".join(lines)


def test_overlays_are_named() -> None:
    base = Source("msctl.yaml", "project: a\nservices: {web: {image: x}}\n", "")
    over = Source("msctl.prod.yaml", "services:\n  web: {replicas: 3}\n", "")
    findings = Findings("msctl.yaml", base.lines + over.lines)
    settings = effective(read_tree(base, findings, over), "msctl.yaml", Overlay(over.name, len(base.lines)))
    told = {entry["path"]: entry for entry in json.loads(as_json(settings))}
    assert told["services.web.replicas"] == {
        "path": "services.web.replicas", "value": 3, "origin": "msctl.prod.yaml:2",
    }  # fmt: skip
    assert told["services.web.image"]["origin"] == "msctl.yaml:2"
    assert told["services.web.health.path"]["origin"] == "default"
