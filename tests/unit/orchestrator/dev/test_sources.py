"""What changed, and what is to be done about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from msctl.orchestrator.dev.sources import Change, change, remedy, snapshot

PLAIN = 'ARG X\nFROM ${X}\nCOPY . .\nUSER 1\nCMD ["a"]\n'
PACKAGES = (
    "FROM x\nWORKDIR /app\nCOPY requirements.txt setup/ ./\n"
    "RUN pip install \\\n  -r requirements.txt\nCOPY . ./\n"
)


@pytest.mark.parametrize(
    ("dockerfile", "name", "wanted"),
    [
        (PLAIN, "a/b.py", "copy"),
        (PLAIN.lower().replace("${x}", "y"), "a.py", "copy"),
        (PACKAGES, "a/b.py", "copy"),
        (PACKAGES, "requirements.txt", "build"),
        (PACKAGES, "setup/x.py", "build"),
        (PLAIN, "Dockerfile", "build"),
        (PLAIN, ".dockerignore", "build"),
        ("FROM x\nCOPY . .\nRUN make\n", "a.c", "build"),
        ("FROM x\nCOPY src .\n", "src/a", "build"),
        ("FROM x\nCOPY --chown=1 . .\n", "a", "build"),
        ("FROM x AS b\nCOPY . .\nFROM y\nCOPY --from=b /a /a\n", "a", "build"),
        ("FROM x\nCOPY . .\nWORKDIR /y\n", "a", "build"),
        ("FROM x\n", "a", "build"),
        ("FROM x\nCOPY *.txt /t/\nRUN x\nCOPY . .\n", "a.txt", "build"),
        ("FROM x\nADD . /y\nCOPY . .\n", "a", "build"),
    ],
)
def test_copying_does_only_where_it_is_as_good_as_building(dockerfile: str, name: str, wanted: str) -> None:
    assert remedy(Change((name,), ()), dockerfile) == wanted
    assert remedy(Change((), (name,)), dockerfile) == wanted


def test_snapshots_see_what_a_build_sees(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(PLAIN)
    (tmp_path / ".dockerignore").write_text("tests\n")
    (tmp_path / "tests").mkdir()
    kept, gone = tmp_path / "a.py", tmp_path / "b.py"
    kept.write_text("1")
    gone.write_text("1")
    before = snapshot(tmp_path)
    assert change(before, snapshot(tmp_path)) is None
    (tmp_path / "tests" / "t.py").write_text("x")
    assert change(before, snapshot(tmp_path)) is None
    kept.write_text("2")
    gone.unlink()
    (tmp_path / "c.py").write_text("3")
    assert change(before, snapshot(tmp_path)) == Change(("a.py", "c.py"), ("b.py",))
