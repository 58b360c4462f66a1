"""Keys that do nothing yet are named, each where it stands."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from msctl.manifest import pending
from msctl.manifest.known import every_key
from msctl.manifest.loaded import Loaded
from msctl.manifest.pending import PENDING

Reader = Callable[..., Loaded]


@pytest.fixture
def unbuilt(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if one key had no behaviour yet, whatever is left of these."""
    monkeypatch.setattr(pending, "PENDING", ((("platform", "logs", "loki"), "not yet"),))


def test_every_row_is_a_key() -> None:
    keys = set(every_key())
    for path, reason in PENDING:
        assert path in keys, path
        assert reason


def test_each_use_is_told_once_at_its_place(unbuilt: None, manifests: dict[str, str], read: Reader) -> None:
    unused = read(manifests["bank"]).unused
    lines = manifests["bank"].splitlines()
    for problem in unused:
        written = lines[problem.line - 1][problem.column - 1 :]
        assert written.startswith(problem.path.split(".")[-1] + ":")
        assert problem.what == "has no effect yet"
    assert [problem.path for problem in unused] == [
        "platform.logs.loki",
    ]


def test_a_plain_manifest_uses_nothing_pending(manifests: dict[str, str], read: Reader) -> None:
    assert read(manifests["hello"]).unused == ()
