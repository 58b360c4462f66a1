"""Waking up: what was saved before the watch began and after it; folders that go, names that are no text."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from msctl.errors import MsctlError
from msctl.orchestrator.dev.watching import stamps, wakes


def test_it_tells_that_it_has_begun_and_what_is_saved_then(tmp_path: Path) -> None:
    found = wakes([tmp_path], stamps([]))
    assert next(found) == "begun"
    (tmp_path / "app.py").write_text("1")
    assert next(found) == "sources"


def test_a_manifest_saved_before_the_watch_began_is_told(tmp_path: Path) -> None:
    manifest = tmp_path / "msctl.yaml"
    before = stamps([manifest])
    manifest.write_text("project: shop")
    (tmp_path / "web").mkdir()
    assert next(wakes([tmp_path / "web"], before)) == "manifest"


def test_a_folder_that_goes_and_comes_back_ends_the_watch_each_time(tmp_path: Path) -> None:
    web = tmp_path / "web"
    web.mkdir()
    found = wakes([web], stamps([]))
    assert next(found) == "begun"
    web.rename(tmp_path / "elsewhere")
    assert list(found) == []
    found = wakes([web], stamps([]))
    assert next(found) == "begun"
    web.mkdir()
    assert list(found) == []


def test_a_name_that_is_no_text_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    found = wakes([tmp_path], stamps([]))
    assert next(found) == "begun"
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff")).touch()
    with pytest.raises(MsctlError, match="cannot be watched") as failed:
        next(found)
    assert failed.value.hint is not None
