"""A disk that takes no more bytes: a clear error, and nothing that was written before is spoilt."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.e2e.checkout import MSCTL, Checkout
from tests.e2e.engine_state import leftovers
from tests.e2e.manifests import declare

pytestmark = pytest.mark.e2e


def _up_without_space(checkout: Checkout) -> subprocess.CompletedProcess[str]:
    """``up`` by a process whose files cannot grow, which is what a full disk looks like."""
    return subprocess.run(
        ["prlimit", "--fsize=0", str(MSCTL), "up"],
        cwd=checkout.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120.0,
    )


def test_up_says_that_it_cannot_write(small: Checkout) -> None:
    outcome = _up_without_space(small)
    assert outcome.returncode == 1
    assert "cannot write" in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert "stumbled" not in outcome.stderr


def test_up_starts_nothing(small: Checkout) -> None:
    _up_without_space(small)
    assert leftovers(small.project) == {}


def test_credentials_stay_whole(small: Checkout) -> None:
    declare(small, {"web": {}, "book": {"build": "ledger", "database": "redis"}})
    small.msctl("up").good()
    path = small.workspace / "credentials.json"
    before = json.loads(path.read_text())
    declare(small, {"web": {}, "book": {"build": "ledger", "database": "postgres", "publishes": ["a.b"]}})
    _up_without_space(small)
    assert json.loads(path.read_text()) == before
