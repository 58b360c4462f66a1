"""Logging never harms serving."""

from __future__ import annotations

import os
import re

from tests.integration.gateway.conftest import MakeGateway, MakeUpstream, document
from tests.integration.gateway.process import GatewayProcess, wait_until


def counted(front: GatewayProcess, name: str) -> float:
    text = front.admin("GET", "/metrics")[1]
    found = re.search(rf"^{name}_total (\S+)$", text, re.MULTILINE)
    assert found is not None
    return float(found[1])


def test_who_asks_whether_it_lives_is_counted_and_not_logged(
    gateway: MakeGateway, upstream: MakeUpstream
) -> None:
    reading, writing = os.pipe()
    front = gateway(document(upstream()), stdout=writing)
    os.close(writing)
    assert {front.get("/healthz").status, front.get("/x").status} == {200}
    assert 'route="/healthz"' in front.admin("GET", "/metrics")[1]
    assert front.stop() == 0
    with os.fdopen(reading) as log:
        lines = log.read()
    assert "GET /x 200" in lines
    assert "GET /healthz" not in lines


def test_a_log_that_nobody_reads(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    reading, writing = os.pipe()
    front = gateway(document(upstream()), stdout=writing)
    os.close(writing)
    with front.client() as client:
        assert {client.get("/" + "x" * 1000).status for _ in range(600)} == {200}
    wait_until(lambda: front.admin("GET", "/-/health")[0] == 200, "the admin port answers")
    assert front.stop() == 0
    os.close(reading)


def test_a_log_that_cannot_be_written(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    front = gateway(document(upstream(), circuit={"minimum_calls": 1}), stdout=full)
    os.close(full)
    assert {front.get("/x").status for _ in range(5)} == {200}
    wait_until(lambda: counted(front, "msctl_gateway_log_failures") >= 2, "it is counted and tried again")
    assert front.get("/x").status == 200
    assert front.stop() == 0


def test_a_closed_pipe(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    reading, writing = os.pipe()
    front = gateway(document(upstream()), stdout=writing)
    os.close(writing)
    os.close(reading)
    assert {front.get("/x").status for _ in range(5)} == {200}
    wait_until(lambda: counted(front, "msctl_gateway_log_failures") >= 1, "it is counted")
    assert front.get("/x").status == 200
    assert front.stop() == 0
