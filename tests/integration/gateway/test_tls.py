"""TLS at the door, and new certificates while it is open."""

from __future__ import annotations

import http.client
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from tests.free_port import free_port
from tests.integration.gateway.certificates import served_serial, write_pair
from tests.integration.gateway.conftest import MakeGateway, MakeUpstream, document
from tests.integration.gateway.process import ROOT, wait_until


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    found = tmp_path / "gateway.crt", tmp_path / "gateway.key"
    write_pair(*found, serial=1)
    return found


def connect(port: int, certificate: Path) -> http.client.HTTPSConnection:
    context = ssl.create_default_context(cafile=str(certificate))
    return http.client.HTTPSConnection("127.0.0.1", port, timeout=20, context=context)


def get(connection: http.client.HTTPSConnection) -> int:
    connection.request("GET", "/orders")
    answer = connection.getresponse()
    answer.read()
    return answer.status


def test_a_new_certificate_is_served_and_old_connections_live_on(
    gateway: MakeGateway, upstream: MakeUpstream, pair: tuple[Path, Path]
) -> None:
    orders = upstream()
    tls = {"certificate": str(pair[0]), "key": str(pair[1])}
    running = gateway({**document(orders), "tls": tls})
    old = connect(running.port, pair[0])
    assert get(old) == 200
    assert orders.seen[-1].one("X-Forwarded-Proto") == "https"
    write_pair(*pair, serial=2)
    wait_until(lambda: served_serial(running.port) == 2, "the new certificate is served")
    assert get(old) == 200
    pair[0].write_text("spoilt")
    wait_until(lambda: "the old one stays" in running.log.read_text(), "the spoilt one is noticed")
    assert served_serial(running.port) == 2
    old.close()


def test_clear_text_gets_no_answer(
    gateway: MakeGateway, upstream: MakeUpstream, pair: tuple[Path, Path]
) -> None:
    tls = {"certificate": str(pair[0]), "key": str(pair[1])}
    running = gateway({**document(upstream()), "tls": tls})
    plain = http.client.HTTPConnection("127.0.0.1", running.port, timeout=20)
    plain.request("GET", "/orders")
    with pytest.raises((http.client.HTTPException, OSError)):
        plain.getresponse()
    plain.close()


def test_a_pair_that_does_not_fit_is_told(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    write_pair(tmp_path / "other.crt", tmp_path / "other.key", serial=3)
    config = tmp_path / "gateway.yaml"
    config.write_text(
        f"listen: 127.0.0.1:{free_port()}\ntls: {{certificate: {pair[0]}, key: {tmp_path / 'other.key'}}}\n"
    )
    words = [sys.executable, "-m", "msctl.gateway", "--config", str(config)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "cannot use" in done.stderr
