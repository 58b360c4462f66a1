"""A service listens for a debugger when it is asked to, and only then."""

from __future__ import annotations

import sys

import debugpy
import pytest

from msctl.chassis.debugging import listen_if_asked
from msctl.chassis.settings import SettingsInvalid


@pytest.fixture
def listened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Where debugpy was asked to listen, in the place of doing so."""
    places: list[tuple[str, int]] = []
    monkeypatch.setattr(debugpy, "listen", places.append)
    return places


@pytest.mark.parametrize("environment", [{}, {"MSCTL_DEBUG_PORT": ""}])
def test_nothing_listens_unasked(environment: dict[str, str], listened: list[tuple[str, int]]) -> None:
    listen_if_asked(environment)
    assert listened == []


def test_it_listens_for_editors_outside_its_container(listened: list[tuple[str, int]]) -> None:
    listen_if_asked({"MSCTL_DEBUG_PORT": "5678"})
    assert listened == [("0.0.0.0", 5678)]


def test_a_debugger_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "debugpy", None)
    with pytest.raises(SettingsInvalid, match="debugpy is not installed"):
        listen_if_asked({"MSCTL_DEBUG_PORT": "5678"})
