"""``pip install .`` gives the whole of msctl, wherever it is then run."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.e2e.checkout import new_project

pytestmark = pytest.mark.e2e

_ROOT = Path(__file__).parents[2]
_TIMEOUT = 600.0
_MANIFEST = """
project: {project}
gateway: {{routes: [{{path: /web, service: web}}]}}
services: {{web: {{image: "example/web:1"}}}}
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with msctl installed from its sources, not linked to them."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, with_pip=True)
    command = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", str(_ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_TIMEOUT)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def _run(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(installed / "bin" / "msctl"), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60.0)


def _package_files(package: Path) -> set[str]:
    found = (path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(package).as_posix() for path in found}


def test_recipes_templates_and_all_other_files_come_along(installed: Path) -> None:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    package = installed / "lib" / version / "site-packages" / "msctl"
    assert _package_files(package) == _package_files(_ROOT / "msctl")


def test_it_validates(installed: Path, tmp_path: Path) -> None:
    tmp_path.joinpath("msctl.yaml").write_text(_MANIFEST.format(project=new_project()))
    outcome = _run(installed, tmp_path, "validate")
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout.startswith("valid: ")


def test_it_prints_the_schema(installed: Path, tmp_path: Path) -> None:
    outcome = _run(installed, tmp_path, "schema")
    assert json.loads(outcome.stdout)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_it_prints_the_reference(installed: Path, tmp_path: Path) -> None:
    outcome = _run(installed, tmp_path, "manifest", "reference")
    assert outcome.stdout == (_ROOT / "msctl" / "manifest" / "reference.yaml").read_text()


def test_it_lists_images(installed: Path, tmp_path: Path) -> None:
    """Reads every recipe on the way."""
    outcome = _run(installed, tmp_path, "images", "list", "--json")
    roles = {row["role"] for row in json.loads(outcome.stdout)}
    assert {"registry", "broker", "postgres", "mariadb", "redis", "metrics", "runtime", "node"} == roles
