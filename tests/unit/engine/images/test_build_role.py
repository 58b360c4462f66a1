"""What role images are made of, and translation of the engine's errors."""

from __future__ import annotations

from pathlib import Path

import docker.errors
import pytest
import requests.exceptions

from msctl import labels
from msctl.engine.images.build_role import Blueprint, blueprint
from msctl.engine.images.cache import cache_folder
from msctl.engine.images.docker_build import context_of, translated
from msctl.engine.images.recipe import load_recipe
from msctl.engine.images.runtime_package import package_files, requirements
from msctl.errors import BuildFailed, EngineUnavailable, ImageError


def test_a_root_alone_is_the_image_and_bears_its_mark() -> None:
    plan = blueprint("redis")
    assert plan.root_reference == plan.reference == "msctl/redis:7.0"
    assert plan.labels[labels.RECIPE] == plan.hash
    assert plan.labels[labels.IMAGE_KIND] == "recipe"


def test_an_edit_of_msctl_changes_the_runtime_and_not_its_root() -> None:
    recipe = load_recipe("runtime")
    before = Blueprint(recipe, "r" * 64, {"opt/a.py": (b"1", 0o644)})
    after = Blueprint(recipe, "r" * 64, {"opt/a.py": (b"2", 0o644)})
    assert before.root_reference == after.root_reference != before.reference
    assert before.hash != after.hash
    assert labels.RECIPE not in before.labels


def test_the_runtime_carries_this_package_its_command_and_its_recipes() -> None:
    files = package_files()
    site = "opt/msctl/lib/python3.11/site-packages/"
    assert f"{site}msctl/errors.py" in files
    assert f"{site}msctl/engine/images/recipes/redis/packages" in files
    assert files["opt/msctl/bin/msctl"][1] == 0o755
    assert any(name.endswith(".dist-info/METADATA") for name in files)
    assert not any("__pycache__" in name for name in files)


def test_requirements_leave_the_extras_out() -> None:
    assert any(line.startswith("aiohttp") for line in requirements())
    assert not any("extra" in line or line.startswith("pytest") for line in requirements())


def test_the_image_has_a_debugger_which_the_command_line_can_do_without() -> None:
    (wanted,) = (line for line in requirements() if line.startswith("debugpy"))
    assert ";" not in wanted


def test_equal_files_are_equal_contexts() -> None:
    files = {"b": (b"2", 0o644), "a": (b"1", 0o755)}
    assert context_of(files).read() == context_of(dict(reversed(files.items()))).read()


def test_errors_of_docker_and_of_the_transport_are_ours(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="no: refused"), translated("no"):
        raise docker.errors.APIError("x", explanation="refused")
    with pytest.raises(BuildFailed, match="refused") as caught, translated("no", tmp_path / "log"):
        raise docker.errors.APIError("x", explanation="refused")
    assert caught.value.log == str(tmp_path / "log")
    with pytest.raises(EngineUnavailable), translated("no"):
        raise requests.exceptions.ConnectionError("gone")


def test_the_cache_is_private_and_where_the_user_wants_it(tmp_path: Path) -> None:
    folder = cache_folder({"XDG_CACHE_HOME": str(tmp_path / "cache")})
    assert folder == tmp_path / "cache" / "msctl"
    assert folder.stat().st_mode & 0o777 == 0o700
