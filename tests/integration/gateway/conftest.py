"""Upstreams and gateways that a test makes, and that are gone after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.gateway.process import GatewayProcess
from tests.integration.gateway.upstreams import Script, Upstream, echo

MakeUpstream = Callable[..., Upstream]
MakeGateway = Callable[..., GatewayProcess]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here starts real processes."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.integration)


@pytest.fixture
def upstream() -> Iterator[MakeUpstream]:
    """Makes scripted upstreams; a script that raised fails the test."""
    made: list[Upstream] = []

    def make(script: Script = echo) -> Upstream:
        made.append(Upstream(script))
        return made[-1]

    yield make
    for one in made:
        one.close()
    assert [error for one in made for error in one.errors] == []


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[MakeGateway]:
    """Starts gateways; each must end cleanly and without an error in its log."""
    made: list[GatewayProcess] = []

    def make(document: dict[str, Any], **options: Any) -> GatewayProcess:
        made.append(GatewayProcess(document, tmp_path, **options))
        return made[-1]

    yield make
    for one in made:
        assert one.stop() == 0, one.log.read_text()
        assert "Traceback" not in one.log.read_text(), one.log.read_text()


def document(*upstreams: Upstream, route: dict[str, Any] | None = None, **service: Any) -> dict[str, Any]:
    """A document with one service ``orders`` behind every path."""
    instances = [one.address for one in upstreams]
    return {
        "services": {"orders": {"instances": instances, **service}},
        "routes": [{"path": "/{rest:path}", "service": "orders", **(route or {})}],
    }
