"""The live view, which must fit, and its changes in words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.cells import cell_len

from msctl.model.status import ServiceStatus, StatusReport
from msctl.report.watch import changes, live_view
from tests.unit.report.drawing import COLOUR, console_of
from tests.unit.report.reports import CAUSE, NOW, failing, healthy, instance


def shown(
    report: StatusReport,
    monkeypatch: pytest.MonkeyPatch,
    width: int = 80,
    height: int = 24,
    *,
    terminal: bool = False,
) -> list[str]:
    monkeypatch.setenv("LINES", str(height))
    console, file = console_of(monkeypatch, width=width, terminal=terminal)
    console.print(live_view(report, NOW, console))
    return file.getvalue().splitlines()


def many(count: int, *, bad: int) -> StatusReport:
    services = []
    for number in range(count):
        one = replace(instance(f"shop-s{number}-1"), health="fail" if number == bad else "pass")
        services.append(ServiceStatus(f"s{number}", 1, int(number != bad), "i", (one,)))
    return replace(failing(), services=tuple(services))


@pytest.mark.parametrize("report", [healthy(), failing(), many(12, bad=11), many(60, bad=47)])
@pytest.mark.parametrize("size", [(80, 24), (80, 50), (160, 24), (200, 60)])
def test_it_fits(report: StatusReport, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(report, monkeypatch, *size)
    assert len(lines) < size[1]
    assert max(map(cell_len, lines)) <= size[0]


def test_what_is_not_well_is_there_when_not_all_is(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "\n".join(shown(many(60, bad=47), monkeypatch))
    assert "s47" in text
    assert "more services: pass" in text
    assert "open" in text


def test_a_wide_terminal_has_circuits_beside_the_services(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(failing(), monkeypatch, width=180)
    assert any("instance" in line and "platform" in line for line in lines)


def test_states_are_told_without_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    text = "\n".join(shown(failing(), monkeypatch, terminal=True))
    assert not COLOUR.search(text)
    assert "✗ fail" in text


def test_changes_are_sentences() -> None:
    assert changes(healthy(), healthy()) == []
    assert changes(healthy(), failing()) == [
        "shop-orders-1 is fail, was pass: exited (code 1), 5 restarts",
        f"circuit gateway → orders is open, was closed: {CAUSE}",
        "shop is not healthy",
    ]
    fewer = replace(healthy(), services=healthy().services[:1])
    assert changes(healthy(), fewer) == ["shop-web-1 is gone, was pass"]
