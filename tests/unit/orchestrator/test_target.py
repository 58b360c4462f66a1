"""What a command works on, and what keeps two commands apart on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from msctl.errors import Locked
from msctl.orchestrator.target import declared, graces_of, named
from msctl.orchestrator.workspace import Workspace
from tests.unit.plan.projects import shop, with_service


def test_each_instance_has_its_services_grace() -> None:
    graces = graces_of(with_service(shop(), "orders", stop_grace=3.0))
    assert (graces["shop-orders-1"], graces["shop-orders-2"], graces["shop-web-1"]) == (3.0, 3.0, 10.0)


def test_a_declared_project_is_locked_in_its_workspace(tmp_path: Path) -> None:
    workspace = Workspace.of(tmp_path)
    here = declared(shop(), workspace, "unix:///engine", tmp_path / "cache")
    with here.lock("down"), pytest.raises(Locked), workspace.lock("up"):
        pytest.fail("two commands held one lock")


def test_two_checkouts_of_one_project_are_kept_apart(tmp_path: Path) -> None:
    folders = [tmp_path / "here", tmp_path / "there"]
    for folder in folders:
        folder.mkdir()
    here, there = (declared(shop(), Workspace.of(f), "unix:///engine", tmp_path / "cache") for f in folders)
    with here.lock("up"), pytest.raises(Locked, match="msctl up"), there.lock("up"):
        pytest.fail("two commands held one lock")


def test_a_named_project_is_locked_for_each_engine_and_leaves_the_folder_alone(tmp_path: Path) -> None:
    folder, cache = tmp_path / "folder", tmp_path / "cache"
    folder.mkdir()
    here = named("../shop", folder, "unix:///engine", cache)
    with here.lock("down"):
        with named("bank", folder, "unix:///engine", cache).lock("down"):
            pass
        with named("../shop", folder, "tcp://engine", cache).lock("down"):
            pass
        with pytest.raises(Locked, match="msctl down"), here.lock("down"):
            pytest.fail("two commands held one lock")
    assert list(folder.iterdir()) == []
    assert {path.parent for path in tmp_path.rglob("*.lock")} == {cache / "locks"}
