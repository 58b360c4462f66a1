"""One step of sweeping that fails stops no other."""

from __future__ import annotations

from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry

from msctl.gateway.answering import Answering
from msctl.gateway.client import ClientConnection
from msctl.gateway.config import GatewayConfig, Listen
from msctl.gateway.log import AccessLog
from msctl.gateway.measures import Measures
from msctl.gateway.runtime import Gateway
from msctl.gateway.service import Nature


class Broken:
    """Fails whatever is asked of it."""

    def write(self, _text: str) -> None:
        raise OSError("no space left")

    def flush(self) -> None:
        raise OSError("no space left")


class Waiting:
    """Stands for a client's connection; ``bad`` fails when swept."""

    def __init__(self, bad: bool) -> None:
        self.bad = bad
        self.swept = 0

    def sweep(self, _now: float) -> None:
        self.swept += 1
        if self.bad:
            raise RuntimeError("a defect")


def test_a_step_that_fails_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    nature = Nature(lambda: 1.0, lambda: 0.5, lambda _width: 1)
    measures = Measures(CollectorRegistry())
    access = AccessLog(1.0, nature.dice, Broken())
    gateway = Gateway(
        GatewayConfig(Listen("127.0.0.1", 0)), nature, measures, Answering(nature, measures, access, b"g"), 10
    )
    waiting = [Waiting(bad) for bad in (True, False, True, False)]
    gateway.connections = cast("set[ClientConnection]", waiting)
    cast("Any", access)._lines.append("a line")
    gateway.sweep()
    gateway.sweep()
    assert [one.swept for one in waiting] == [2, 2, 2, 2]
    assert "a step of sweeping failed" in caplog.text
