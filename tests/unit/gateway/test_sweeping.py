"""One step of sweeping that fails stops no other."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry

from msctl.gateway.answering import Answering
from msctl.gateway.client import ClientConnection
from msctl.gateway.config import GatewayConfig, Listen, UpstreamConfig
from msctl.gateway.files import FileBudget
from msctl.gateway.log import AccessLog
from msctl.gateway.measures import Measures
from msctl.gateway.runtime import Gateway
from msctl.gateway.service import Nature
from msctl.resilience.endpoints import Address, Endpoint


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
        GatewayConfig(Listen("127.0.0.1", 0)),
        nature,
        measures,
        Answering(nature, measures, access, b"g"),
        10,
        FileBudget(10),
    )
    waiting = [Waiting(bad) for bad in (True, False, True, False)]
    gateway.connections = cast("set[ClientConnection]", waiting)
    cast("Any", access)._lines.append("a line")
    gateway.sweep()
    gateway.sweep()
    assert [one.swept for one in waiting] == [2, 2, 2, 2]
    assert "a step of sweeping failed" in caplog.text


class Checked:
    """Connections of a service whose health path answers ``status``."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.asked: list[bytes] = []

    def sweep(self) -> None: ...

    async def connect(self, _endpoint: Endpoint, _seconds: float) -> Checked:
        return self

    async def begin(self, _method: str, head: bytes, **_more: bool) -> Checked:
        self.asked.append(head)
        return self

    def abort(self) -> None: ...


@pytest.mark.parametrize(("status", "back"), [(200, True), (503, False)])
def test_an_ejected_instance_is_asked_whether_it_may_come_back(status: int, back: bool) -> None:
    moment = [100.0]
    nature = Nature(lambda: moment[0], lambda: 0.5, lambda _width: 1)
    measures = Measures(CollectorRegistry())
    access = AccessLog(0.0, nature.dice, Broken())
    addresses = tuple(Address(name, "192.0.2.1", 1) for name in ("a", "b"))
    config = GatewayConfig(
        Listen("127.0.0.1", 0), services={"s": UpstreamConfig("s", addresses, health="/readyz")}
    )
    gateway = Gateway(config, nature, measures, Answering(nature, measures, access, b"g"), 10, FileBudget(10))
    service, checked = gateway.table.services["s"], Checked(status)
    cast("Any", service).pool = checked
    bad = service.endpoints.all[0]
    for _ in range(service.endpoints.settings.failures):
        service.endpoints.failed(bad)

    async def sweep() -> None:
        gateway.sweep()
        assert checked.asked == [], "it has to wait first"
        moment[0] += service.endpoints.settings.wait + 1
        gateway.sweep()
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))

    asyncio.run(sweep())
    assert checked.asked[0].startswith(b"GET /readyz HTTP/1.1\r\n")
    assert (bad.ejected_until is None) is back
