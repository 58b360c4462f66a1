"""A new service: written whole, or not at all; what was written is sound."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from msctl.errors import ManifestInvalid, MsctlError, UsageError
from msctl.manifest.loading import load
from msctl.model.project import DatabaseEngine, Project
from msctl.scaffold import new_service as module
from msctl.scaffold.new_service import Made, new_service
from msctl.scaffold.order import Order
from msctl.scaffold.templates import shipped

MANIFEST = """\
# the manifest
project: demo
services:
  web: # the first
    image: web:1
    port: 81
"""
NOTHING = Order("gift-cards", route="/api/gifts")
EVERYTHING = replace(NOTHING, publishes=("a.b", "a.c"), subscribes=("x.*", "y.z"), calls=("web",))


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "demo" / "msctl.yaml"
    path.parent.mkdir()
    path.write_text(MANIFEST)
    return path


def project(manifest: Path) -> Project:
    return load(manifest, {}).project


def make(manifest: Path, order: Order) -> Made:
    return new_service(order, shipped(order.template), manifest, project(manifest), {})


def listing(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_manifest_declares_what_was_asked_for(manifest: Path) -> None:
    made = make(manifest, replace(EVERYTHING, name="new", database="postgres", route="/api/new"))
    service = project(manifest).services["new"]
    assert service.database is not None
    assert (service.database.engine, service.publishes) == ("postgres", ("a.b", "a.c"))
    assert [s.pattern for s in service.subscribes] == ["x.*", "y.z"]
    assert set(service.calls) == {"web"}
    routes = project(manifest).gateway.routes
    assert {(route.path, route.rewrite) for route in routes} == {("/api/new/{rest:path}", "/new/{rest}")}
    assert {route.methods: route.scopes for route in routes} == {
        ("GET",): ("new:read",),
        ("POST",): ("new:write",),
    }
    assert service.scopes == ("new:read", "new:write")
    assert made.routes == ("/api/new/{rest:path}",)
    assert all((made.folder / name).is_file() for name in made.files)
    assert manifest.read_text().startswith("# the manifest\nproject: demo\n")


@pytest.mark.parametrize("database", [None, "postgres", "mariadb", "redis"])
@pytest.mark.parametrize(
    "order", [replace(NOTHING, tokens=False), NOTHING, EVERYTHING], ids=["open", "plain", "everything"]
)
@pytest.mark.parametrize("template", ["python", "fastapi"])
def test_what_a_python_template_writes_is_tidy_python(
    manifest: Path, database: DatabaseEngine | None, order: Order, template: str
) -> None:
    made = make(manifest, replace(order, database=database, template=template))
    for path in made.folder.rglob("*.py"):
        ast.parse(path.read_text())
    for words in (("format", "--check"), ("check", "--select", "E,F,I,UP,B,RET,PT,RUF100")):
        command = [sys.executable, "-m", "ruff", *words, "--isolated", "--line-length", "110", "."]
        done = subprocess.run(command, cwd=made.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
    migrations = made.folder / "migrations"
    assert migrations.exists() == (database in ("postgres", "mariadb"))


@pytest.mark.parametrize("order", [EVERYTHING, Order("plain", database="postgres")], ids=lambda o: o.name)
@pytest.mark.parametrize("template", ["python", "fastapi"])
def test_the_tests_that_come_along_pass(manifest: Path, order: Order, template: str) -> None:
    made = make(manifest, replace(order, template=template))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        command, cwd=made.folder, capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def test_a_finished_image_is_an_entry_and_a_page(manifest: Path) -> None:
    made = make(manifest, Order("shop", "image", route="/shop", image="nginx:1", port=80))
    assert made.files == ("README.md",)
    service = project(manifest).services["shop"]
    assert (service.image, service.port, service.health.path) == ("nginx:1", 80, "/")


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (Order("web"), "there is a service 'web' already"),
        (Order("new", calls=("wbe",)), "no service 'wbe'"),
        (Order("new", "image"), "template image"),
        (Order("new", image="x:1"), "--image"),
        (Order("new", "node", publishes=("a.b",)), "no code for events"),
        (Order("NEW"), "NAME"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_is_refused_and_nothing_is_written(manifest: Path, order: Order, words: str) -> None:
    before = listing(manifest.parent)
    with pytest.raises(UsageError, match=words) as refused:
        make(manifest, order)
    assert refused.value.hint
    assert listing(manifest.parent) == before


def test_a_folder_that_is_there_is_left_alone(manifest: Path) -> None:
    mine = manifest.parent / "services" / "new" / "notes.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    before = listing(manifest.parent)
    with pytest.raises(UsageError, match="nothing is overwritten"):
        make(manifest, Order("new"))
    assert listing(manifest.parent) == before


def test_a_route_that_is_taken_writes_nothing(manifest: Path) -> None:
    make(manifest, Order("one", route="/api/one"))
    before = listing(manifest.parent)
    with pytest.raises(ManifestInvalid, match="nothing was written") as refused:
        make(manifest, Order("two", route="/api/one"))
    assert refused.value.problems
    assert listing(manifest.parent) == before


@pytest.mark.parametrize("step", ["rename", "replace"])
def test_a_failure_at_any_step_leaves_nothing(
    manifest: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, step, fail)
    with pytest.raises(OSError, match="No space left"):
        make(manifest, Order("new"))
    monkeypatch.undo()
    assert [path.name for path in manifest.parent.iterdir()] == ["msctl.yaml"]
    assert manifest.read_text() == MANIFEST


def test_a_manifest_that_changed_meanwhile_wins(manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def change(text: str, path: Path, environment: Mapping[str, str]) -> None:
        path.write_text(MANIFEST + "# by hand\n")

    monkeypatch.setattr(module, "_check_manifest", change)
    with pytest.raises(MsctlError, match="changed meanwhile"):
        make(manifest, Order("new"))
    assert listing(manifest.parent) == {"msctl.yaml": (MANIFEST + "# by hand\n").encode()}


def test_a_manifest_reached_by_a_link_stays_one(manifest: Path) -> None:
    link = manifest.parent / "other.yaml"
    link.symlink_to("msctl.yaml")
    make(link, Order("new"))
    assert link.is_symlink()
    assert "new" in project(manifest).services
