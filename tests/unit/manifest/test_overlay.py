"""A second file over the first: what it changes, and problems told in the file they are in."""

from __future__ import annotations

from pathlib import Path

import pytest

from msctl.errors import ManifestInvalid
from msctl.manifest.loading import load
from msctl.manifest.overlay import environments, overlay_path

BASE = """\
project: shop
gateway:
  port: 8080
  routes:
    - {path: /web, service: web}
services:
  web:
    image: web:1
    scopes: [a:b]
    environment: {A: "1", B: "2"}
"""


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "msctl.yaml"
    path.write_text(BASE)
    return path


def over(manifest: Path, text: str) -> Path:
    path = manifest.with_name("msctl.prod.yaml")
    path.write_text(text)
    return path


def test_mappings_are_joined_and_the_rest_is_replaced(manifest: Path) -> None:
    text = "gateway: {port: 80}\nservices:\n  web: {replicas: 3, scopes: [c:d], environment: {B: x}}\n"
    project = load(manifest, {}, over(manifest, text)).project
    web = project.services["web"]
    assert (project.gateway.port, len(project.gateway.routes)) == (80, 1)
    assert (web.image, web.replicas, web.scopes) == ("web:1", 3, ("c:d",))
    assert dict(web.environment) == {"A": "1", "B": "x"}


def test_a_service_can_be_added_and_a_key_taken_back(manifest: Path) -> None:
    text = "services:\n  db: {image: db:1}\n  web: {scopes: []}\n"
    project = load(manifest, {}, over(manifest, text)).project
    assert list(project.services) == ["web", "db"]
    assert project.services["web"].scopes == ()


def test_the_revision_is_that_of_both(manifest: Path) -> None:
    alone = load(manifest, {}).project.revision
    assert load(manifest, {}, over(manifest, "project: shop\n")).project.revision != alone


@pytest.mark.parametrize(
    ("text", "line", "column", "what"),
    [
        ("gateway:\n  prot: 1\n", 2, 3, "unknown key"),
        ("gateway:\n  port: x\n", 2, 9, "is not a whole number"),
        ("services:\n  web:\n    calls: [nobody]\n", 3, 13, "there is no service 'nobody'"),
        ("project: 'a\n", 1, 10, "not closed"),
        ("a: 1\na: 2\n", 2, 1, "first given in line 1"),
        ("project: ${NOT_SET}\n", 1, 10, "NOT_SET is not set"),
    ],
)
def test_problems_are_told_where_they_are(
    manifest: Path, text: str, line: int, column: int, what: str
) -> None:
    with pytest.raises(ManifestInvalid) as refused:
        load(manifest, {}, over(manifest, text))
    found = [p for p in refused.value.problems if what in p.what]
    assert [(Path(p.file).name, p.line, p.column) for p in found] == [("msctl.prod.yaml", line, column)]
    assert found[0].source == text.splitlines()[line - 1]


@pytest.mark.parametrize("text", ["", "# services:\n#   web: {replicas: 3}\n"])
def test_one_that_says_nothing_gets_a_hint_of_its_own(manifest: Path, text: str) -> None:
    with pytest.raises(ManifestInvalid) as refused:
        load(manifest, {}, over(manifest, text))
    (problem,) = refused.value.problems
    where = (Path(problem.file).name, problem.line, problem.what)
    assert where == ("msctl.prod.yaml", 1, "the file is empty")
    assert problem.hint == "write the keys that differ from msctl.yaml, or remove the file"


def test_clashing_routes_of_the_overlay_name_its_own_lines(manifest: Path) -> None:
    routes = "    - {path: /a, service: web}\n"
    with pytest.raises(ManifestInvalid) as refused:
        load(manifest, {}, over(manifest, f"gateway:\n  routes:\n{routes}{routes}"))
    assert "the route in line 3 " in refused.value.problems[0].what


def test_problems_of_the_base_stay_there(manifest: Path) -> None:
    manifest.write_text(BASE + "    prot: 1\n")
    with pytest.raises(ManifestInvalid) as refused:
        load(manifest, {}, over(manifest, "gateway: {port: 80}\n"))
    assert [(Path(p.file).name, p.line) for p in refused.value.problems] == [("msctl.yaml", 11)]


def test_environments_are_found_beside_the_manifest(manifest: Path) -> None:
    path = over(manifest, "")
    manifest.with_name("msctl.a b.yaml").write_text("")
    assert environments(manifest) == ("prod",)
    assert overlay_path(manifest, "prod") == path


@pytest.mark.parametrize(("name", "hint"), [("prd", "did you mean 'prod'?"), ("../x", "there are: prod")])
def test_an_unknown_environment_gets_a_hint(manifest: Path, name: str, hint: str) -> None:
    over(manifest, "")
    with pytest.raises(ManifestInvalid) as refused:
        overlay_path(manifest, name)
    assert refused.value.hint == hint


def test_without_any_overlay_the_hint_says_what_to_write(manifest: Path) -> None:
    with pytest.raises(ManifestInvalid) as refused:
        overlay_path(manifest, "prod")
    assert "write msctl.NAME.yaml" in str(refused.value.hint)
