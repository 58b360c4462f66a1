"""Services that run elsewhere, as the manifest says and as the agent reads it."""

from __future__ import annotations

import pytest

from msctl.model.desired import Probe
from msctl.model.external import External, externals, parse, render
from msctl.model.project import Health
from tests.unit.plan.projects import project, service

DECLARED = project(
    service("web"),
    service("mail", build=None, external="http://mail.example", health=Health("/status", None, 5.0, 3.0)),
    service("old", build=None, external="http://[fd00::1]:81"),
)
MAIL = External("shop-mail-external", "mail", "mail.example", 80, Probe("http", 80, "/status", (), 5.0, 3.0))


def test_only_what_runs_elsewhere_is_external() -> None:
    found = externals(DECLARED)
    assert found[0] == MAIL
    assert [(one.host, one.port) for one in found] == [("mail.example", 80), ("fd00::1", 81)]


def test_the_agent_reads_what_was_written() -> None:
    assert parse(render(externals(DECLARED))) == externals(DECLARED)


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", "[{}]", render([MAIL]).replace('"http"', '"exec"'), render([MAIL])[:-1]]
)
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        parse(text)
