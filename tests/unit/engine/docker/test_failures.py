"""What the engine's words mean."""

from __future__ import annotations

import pytest

from msctl.engine.docker.client import agreed_version
from msctl.engine.docker.failures import EngineRefusal, port_taken, refusal, unavailable
from msctl.errors import EngineError, ImageError, ObjectMissing


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (404, "No such container: x", ObjectMissing),
        (404, "No such image: shop/orders:1", ImageError),
        (409, "Conflict", EngineRefusal),
        (500, "server error", EngineRefusal),
    ],
)
def test_refusals_have_their_kind(status: int, reason: str, kind: type[EngineError]) -> None:
    assert type(refusal(status, reason)) is kind


@pytest.mark.parametrize(
    "reason",
    [
        "driver failed programming external connectivity on endpoint shop-gateway (4f): "
        "Bind for 127.0.0.1:8080 failed: port is already allocated",
        "driver failed programming external connectivity on endpoint shop-gateway (4f): "
        "Error starting userland proxy: listen tcp4 127.0.0.1:8080: bind: address already in use",
        "failed to set up container networking: driver failed programming external connectivity on endpoint "
        "shop-gateway (4f): failed to bind host port for 127.0.0.1:8080:172.17.0.2:80/tcp: "
        "address already in use",
    ],
)
def test_a_taken_port_is_named(reason: str) -> None:
    taken = port_taken("shop-gateway", EngineRefusal(500, reason))
    assert taken is not None
    assert "port 8080 on 127.0.0.1" in taken.message
    assert "shop-gateway" in taken.message


def test_other_failures_to_start_are_no_taken_ports() -> None:
    assert port_taken("c", EngineRefusal(500, "network x not found")) is None


def test_the_hint_fits_the_cause() -> None:
    denied = unavailable("unix:///var/run/docker.sock", PermissionError(13, "Permission denied"))
    assert "group 'docker'" in str(denied.hint)
    absent = unavailable("unix:///var/run/docker.sock", FileNotFoundError(2, "No such file or directory"))
    assert "systemctl start docker" in str(absent.hint)
    assert "No such file" in absent.message
    assert "DOCKER_HOST" in str(unavailable("tcp://192.0.2.1:2375", TimeoutError("timed out")).hint)


@pytest.mark.parametrize(("offered", "agreed"), [("1.41", "1.41"), ("1.52", "1.44"), ("", "1.24")])
def test_the_older_side_decides_the_version(offered: str, agreed: str) -> None:
    assert agreed_version(offered) == agreed
