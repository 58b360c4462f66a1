"""tools/apt.sh waits for whoever else uses apt, on a machine of made-up commands."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

_SCRIPT = Path(__file__).parents[3] / "tools" / "apt.sh"
_HELD = "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7 (apt)"
_INSTALLED = ["-qq update", "-qq install --yes --no-install-recommends docker.io iptables"]


def run(folder: Path, apt: str) -> tuple[int, str, list[str]]:
    """Exit code, messages and what was asked of an apt-get made of ``apt``; a pause is counted only."""
    asked, pauses = folder / "asked", folder / "pauses"
    asked.touch()
    pauses.touch()
    for name, body in {
        "apt-get": f'echo "$@" >>"{asked}"\n{apt}',
        "sleep": f'echo >>"{pauses}"',
        "date": f'expr 100 + 40 \\* $(wc -l <"{pauses}")',
    }.items():
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)
    done = subprocess.run(
        ["sh", str(_SCRIPT), "docker.io", "iptables"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": f"{folder}:{os.environ['PATH']}"},
    )
    assert done.stdout == ""
    return done.returncode, done.stderr, asked.read_text().splitlines()


def test_packages_are_installed_without_a_word(tmp_path: Path) -> None:
    assert run(tmp_path, "echo Reading package lists") == (0, "", _INSTALLED)


def test_another_apt_is_waited_for_and_that_is_said_once(tmp_path: Path) -> None:
    apt = f'[ "$(wc -l <"{tmp_path}/asked")" -gt 2 ] || {{ echo "{_HELD}" >&2; exit 100; }}'
    code, told, asked = run(tmp_path, apt)
    assert (code, told) == (0, f"waiting for another apt to end: {_HELD.partition('lock ')[2]}\n")
    assert asked == [_INSTALLED[0]] * 2 + _INSTALLED


def test_the_wait_ends_after_two_minutes(tmp_path: Path) -> None:
    code, told, asked = run(tmp_path, f'echo "{_HELD}" >&2; exit 100')
    assert (code, told.splitlines()[1:]) == (1, [_HELD])
    assert asked == [_INSTALLED[0]] * 4


@pytest.mark.parametrize("word", ["E: Unable to locate package docker.io", "E: Temporary failure resolving"])
def test_any_other_failure_is_told_at_once(tmp_path: Path, word: str) -> None:
    code, told, asked = run(tmp_path, f'echo "{word}" >&2; exit 100')
    assert (code, told, asked) == (1, f"{word}\n", _INSTALLED[:1])
