"""A process ends with its status, and without a last look for garbage."""

from __future__ import annotations

import subprocess
import sys

import pytest

_LOOKS = """
import atexit, gc
from msctl.ending import leave
atexit.register(lambda: print(gc.get_freeze_count() > 0))
leave({status})
"""


@pytest.mark.parametrize(("status", "code", "told"), [("0", 0, ""), ("3", 3, ""), ("'no'", 1, "no\n")])
def test_the_status_is_kept_and_everything_is_spared(status: str, code: int, told: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _LOOKS.format(status=status)], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "True\n", told)
