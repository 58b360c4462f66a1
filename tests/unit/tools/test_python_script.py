"""When tools/python.sh keeps a virtual environment and when it makes it anew, with a made-up Python."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

_SCRIPT = Path(__file__).parents[3] / "tools" / "python.sh"
_PYTHON = """#!/bin/sh
if [ "$*" = "-m venv .venv" ]; then
    mkdir -p .venv/bin
    cp "$0" .venv/bin/python
    printf '#!/bin/sh\\necho "pip 24 from %s/.venv/lib/pip"\\n' "$(pwd -P)" >.venv/bin/pip
    chmod +x .venv/bin/pip
fi
echo "$*" >>asked
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the script, its project file, and nothing else."""
    folder = tmp_path / "checkout"
    (folder / "tools").mkdir(parents=True)
    shutil.copy(_SCRIPT, folder / "tools")
    (folder / "pyproject.toml").touch()
    _write(tmp_path / "python", _PYTHON)
    _write(tmp_path / "bin" / "apt-get", '#!/bin/sh\necho "apt-get" >>asked\n')
    return folder


def test_a_finished_venv_is_kept(checkout: Path) -> None:
    assert _run(checkout).returncode == 0
    assert _made(checkout) == 1
    assert _run(checkout).returncode == 0
    assert _made(checkout) == 1


def test_an_interrupted_venv_is_made_anew(checkout: Path) -> None:
    _run(checkout)
    (checkout / ".venv/bin/pip").unlink()
    assert _run(checkout).returncode == 0
    assert _made(checkout) == 2
    assert "pip install" in _asked(checkout)[-2]


def test_a_venv_whose_python_is_gone_is_made_anew(checkout: Path) -> None:
    _run(checkout)
    (checkout / ".venv/bin/python").unlink()
    (checkout / ".venv/bin/python").symlink_to("absent")
    assert _run(checkout).returncode == 0
    assert _made(checkout) == 2


def test_a_moved_venv_is_made_anew(checkout: Path) -> None:
    _run(checkout)
    moved = checkout.rename(checkout.with_name("moved"))
    assert _run(moved).returncode == 0
    assert _made(moved) == 2


def test_without_python_nothing_is_installed(checkout: Path) -> None:
    _write(checkout.parent / "python", "#!/bin/sh\nexit 1\n")
    for name in ("python3", "python3.13", "python3.12", "python3.11"):
        _write(checkout.parent / "bin" / name, "#!/bin/sh\nexit 1\n")
    done = _run(checkout)
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed" in done.stderr
    assert not (checkout / "asked").exists()


def test_the_distributions_python_goes_before_that_of_the_path(checkout: Path) -> None:
    _write(checkout.parent / "distribution", _PYTHON.replace("asked", "distribution-asked"))
    _write(checkout.parent / "bin" / "python3", _PYTHON)
    assert _run(checkout, python="").returncode == 0
    assert "-m venv .venv" in (checkout / "distribution-asked").read_text()
    assert not (checkout / "asked").exists()


def test_what_makes_a_venv_at_once_goes_before_what_has_to_be_completed(checkout: Path) -> None:
    lacking = 'case "$*" in *ensurepip*) exit 1 ;; esac\necho "$*" >>distribution-asked\n'
    _write(checkout.parent / "distribution", f"#!/bin/sh\n{lacking}")
    _write(checkout.parent / "bin" / "python3", _PYTHON)
    assert _run(checkout, python="").returncode == 0
    assert _made(checkout) == 1
    assert "-m venv .venv" not in (checkout / "distribution-asked").read_text()


def _run(checkout: Path, python: str | None = None) -> subprocess.CompletedProcess[str]:
    place = checkout.parent
    return subprocess.run(
        ["sh", str(checkout / "tools/python.sh")],
        capture_output=True,
        text=True,
        check=False,
        env={
            "PATH": f"{place / 'bin'}:{os.environ['PATH']}",
            "PYTHON": str(place / "python") if python is None else python,
            "DISTRIBUTION_PYTHON": str(place / "distribution"),
        },
    )


def _made(checkout: Path) -> int:
    return _asked(checkout).count("-m venv .venv")


def _asked(checkout: Path) -> list[str]:
    return (checkout / "asked").read_text().splitlines()


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
