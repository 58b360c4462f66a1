"""An instance that the exam had the engine stop runs again, also if its end was not seen in time."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from msctl.engine.port import ExecResult, Identity
from msctl.errors import EngineError
from msctl.orchestrator.conformance import disturbing
from msctl.orchestrator.conformance.disturbing import stopping
from tests.unit.orchestrator.conftest import UpCase
from tests.unit.orchestrator.stage import Stage
from tests.unit.plan.projects import project, service

WEB = service("web", stop_grace=0.0)


@pytest.fixture
def identity(stage: Stage, up: UpCase, monkeypatch: pytest.MonkeyPatch) -> Identity:
    """A running project, in whose service's image there is no shell."""

    def answer(container: str, _command: Sequence[str], _stdin: bytes | None) -> ExecResult:
        return ExecResult(127 if container == "shop-web-1" else 0, "")

    up(project(WEB))
    stage.engine.script.answer = answer
    monkeypatch.setattr(disturbing, "_LEAD", 0.0)
    return Identity("shop", stage.workspace.origin)


def test_one_that_goes_on_after_the_signal_is_stopped_before_it_is_started(
    stage: Stage, identity: Identity
) -> None:
    stopping(stage.engine, identity, WEB, "shop-web-1", "10.0.0.1:8000", "/")
    done = [method for method, name in stage.engine.script.calls if name == "shop-web-1"]
    assert done[-3:] == ["signal_container", "stop_container", "start_container"]


def test_one_is_started_though_nothing_says_whether_the_signal_came(stage: Stage, identity: Identity) -> None:
    stage.engine.script.fail("signal_container", "shop-web-1", EngineError("no answer"))
    with pytest.raises(EngineError, match="no answer"):
        stopping(stage.engine, identity, WEB, "shop-web-1", "10.0.0.1:8000", "/")
    assert stage.engine.script.calls[-1] == ("start_container", "shop-web-1")
    assert stage.engine.inspect("shop-web-1").state == "running"
