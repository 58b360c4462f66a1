"""Roots whose tool fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from msctl.engine.images.apt_settings import AptSettings, AptSource
from msctl.engine.images.debian_root import RootMaker
from msctl.engine.images.recipe import base_recipe
from msctl.errors import BuildFailed


def test_a_tool_that_ends_before_it_reads_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "mmdebstrap"
    tool.write_text("#!/bin/sh\nexec 0<&-\necho 'E: no room' >&2\nexit 1\n")
    tool.chmod(0o755)
    monkeypatch.setattr("os.defpath", str(tmp_path))
    sources = [AptSource("https://mirror.test/debian", f"suite-{number}") for number in range(10_000)]
    maker = RootMaker(tmp_path, AptSettings(sources=tuple(sources), options=()), {})
    with pytest.raises(BuildFailed) as caught:
        maker.base(base_recipe(), tmp_path / "log", lambda _: None)
    assert list(caught.value.lines) == ["E: no room"]
    assert not list(tmp_path.glob("*.partial"))
