"""The status table as a person sees it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from rich.cells import cell_len

from msctl.model.status import ServiceStatus
from msctl.report.status import age, status_view
from tests.unit.report.drawing import COLOUR, ESCAPE, drawn
from tests.unit.report.reports import CAUSE, NOW, failing, healthy, instance

LONG = "a-service-whose-name-is-as-long-as-a-label-of-dns-can-possibly-be"[:63]


def test_it_fits_eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    for report in (healthy(), failing()):
        shown = drawn(status_view(replace(report, notes=("registry away",)), NOW), monkeypatch)
        assert max(map(cell_len, shown.splitlines())) <= 80


def test_the_longest_names_are_folded_and_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    long = ServiceStatus(LONG, 1, 1, "i", (instance(f"shop-{LONG}-1"),))
    shown = drawn(status_view(replace(healthy(), services=(long,)), NOW), monkeypatch)
    assert max(map(cell_len, shown.splitlines())) <= 80
    first_column = "".join(line.split(" ")[0] for line in shown.splitlines())
    assert LONG in first_column


def test_states_are_told_without_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = drawn(status_view(failing(), NOW), monkeypatch)
    assert not ESCAPE.search(shown)
    for word in ("shop is not healthy", "1/2", "fail", "pass", "exited", "open", "http://127.0.0.1:8080"):
        assert word in shown


def test_a_healthy_project_is_called_so(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = drawn(status_view(healthy(), NOW), monkeypatch)
    assert "shop is healthy" in shown
    assert "fail" not in shown.replace("failures", "")


def test_a_terminal_gets_colour_unless_no_color_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert COLOUR.search(drawn(status_view(failing(), NOW), monkeypatch, terminal=True))
    monkeypatch.setenv("NO_COLOR", "1")
    assert not COLOUR.search(drawn(status_view(failing(), NOW), monkeypatch, terminal=True))


def test_an_open_circuit_says_why_and_when_it_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = " ".join(drawn(status_view(failing(), NOW), monkeypatch, width=140).split())
    assert f"{CAUSE}; retry in 8 s" in shown


def test_what_is_not_well_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = drawn(status_view(failing("\n\x1b[31mboom\x1b[0m\nmore"), NOW), monkeypatch)
    assert "shop-orders-1: boom" in shown
    assert not ESCAPE.search(shown)


def test_a_service_without_instances_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = ServiceStatus("mail", 1, 0, "")
    shown = drawn(status_view(replace(healthy(), services=(empty,)), NOW), monkeypatch)
    assert "mail" in shown
    assert "0/1" in shown


@pytest.mark.parametrize(
    ("past", "shown"),
    [
        (timedelta(seconds=-3), "0s"),
        (timedelta(seconds=59), "59s"),
        (timedelta(seconds=60), "1m"),
        (timedelta(hours=25), "1d"),
    ],
)
def test_ages_are_short(past: timedelta, shown: str) -> None:
    assert age(NOW - past, NOW) == shown
    assert age(None, NOW) == "–"
