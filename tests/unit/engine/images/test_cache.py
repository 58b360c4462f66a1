"""What killed builders leave in the cache folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from msctl.engine.images.cache import building, cache_folder, cache_place
from msctl.errors import ImageError

_KEPT = {"base-1.tar", "base.lock", "builders.lock", "logs"}


def _leave(folder: Path) -> None:
    for name in ("stage-x", "root-x", "logs"):
        (folder / name).mkdir()
        (folder / name / "pip.conf").touch()
    for name in ("apt-x.conf", "base-1.partial", "base-1.tar", "base.lock", "builders.lock"):
        (folder / name).touch()


def test_the_first_builder_removes_what_killed_ones_left(tmp_path: Path) -> None:
    _leave(tmp_path)
    with building(tmp_path):
        assert {path.name for path in tmp_path.iterdir()} == _KEPT


def test_a_builder_beside_another_touches_nothing_of_it(tmp_path: Path) -> None:
    with building(tmp_path):
        _leave(tmp_path)
        before = set(tmp_path.iterdir())
        with building(tmp_path):
            assert set(tmp_path.iterdir()) == before


def test_a_cache_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "msctl").touch()
    with pytest.raises(ImageError, match=rf"{tmp_path}/msctl: File exists"):
        cache_folder({"XDG_CACHE_HOME": str(tmp_path)})


def test_a_relative_place_is_ignored_as_xdg_wants(tmp_path: Path) -> None:
    place = cache_place({"XDG_CACHE_HOME": "relative", "HOME": str(tmp_path)})
    assert place == tmp_path / ".cache" / "msctl"


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    assert cache_place({}) is None
    with pytest.raises(ImageError, match="no home folder"):
        cache_folder({})
