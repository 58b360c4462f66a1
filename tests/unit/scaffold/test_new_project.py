"""A new project: a manifest, one service and what belongs to it."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from msctl.errors import UsageError
from msctl.manifest.loading import load
from msctl.scaffold import placing
from msctl.scaffold.new_project import NewProject, free_port, new_project, project_name
from msctl.scaffold.order import Order
from msctl.scaffold.rendering import Rendered
from msctl.scaffold.templates import shipped


def make(folder: Path, name: str = "demo", order: Order | None = None) -> NewProject:
    order = order or Order("hello", "python", "redis")
    return new_project(folder, name, 8123, order, shipped(order.template), {})


def test_it_is_a_valid_project(tmp_path: Path) -> None:
    made = make(tmp_path / "new" / "demo")
    found = load(made.folder / "msctl.yaml", {})
    assert (found.project.name, found.project.gateway.port) == ("demo", 8123)
    assert found.warnings == ()
    assert list(found.project.services) == ["hello"]
    assert {path.name for path in made.folder.iterdir()} == {
        "msctl.yaml", ".gitignore", "README.md", "services",
    }  # fmt: skip
    assert "8123/api/hello" in (made.folder / "README.md").read_text()


def test_files_that_are_there_stay(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    assert make(tmp_path).kept == ("README.md",)
    assert (tmp_path / "README.md").read_text() == "mine"


def test_a_manifest_is_never_overwritten(tmp_path: Path) -> None:
    make(tmp_path)
    before = (tmp_path / "msctl.yaml").read_text()
    with pytest.raises(UsageError, match="nothing is overwritten"):
        make(tmp_path, order=Order("other"))
    assert (tmp_path / "msctl.yaml").read_text() == before
    assert [path.name for path in (tmp_path / "services").iterdir()] == ["hello"]


@pytest.mark.parametrize("order", [Order("UPPER"), Order("a", "node", publishes=("x.y",))])
def test_a_failure_leaves_nothing(tmp_path: Path, order: Order) -> None:
    folder = tmp_path / "demo"
    with pytest.raises(UsageError):
        make(folder, order=order)
    assert not folder.exists()


def test_it_begins_with_sources(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no sources") as refused:
        make(tmp_path / "demo", order=Order("web", "image", image="nginx:1.27"))
    assert "new-service" in str(refused.value.hint)
    assert not (tmp_path / "demo").exists()


def test_a_file_that_was_cut_short_is_gone_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_short(path: Path, rendered: Rendered) -> None:
        create(path, replace(rendered, content=cast("bytes", "no bytes")))

    create = placing.create
    monkeypatch.setattr(placing, "create", cut_short)
    with pytest.raises(TypeError):
        make(tmp_path / "demo")
    assert not (tmp_path / "demo").exists()


@pytest.mark.parametrize(
    ("folder", "name"), [("My Shop", "my-shop"), ("shop_2", "shop-2"), ("Bücher", "bucher")]
)
def test_a_project_is_called_like_its_folder(tmp_path: Path, folder: str, name: str) -> None:
    assert project_name(tmp_path / folder) == name


@pytest.mark.parametrize("folder", ["--", "host"])
def test_a_folder_without_a_usable_name_is_told(tmp_path: Path, folder: str) -> None:
    with pytest.raises(UsageError) as refused:
        project_name(tmp_path / folder)
    assert "--project" in str(refused.value.hint)


def test_a_port_that_is_taken_is_passed_over() -> None:
    first = free_port()
    with socket.create_server(("127.0.0.1", first)):
        assert free_port() > first
