"""TLS at the gateway of a running project: on from the manifest, renewed by ``up`` without a restart."""

from __future__ import annotations

import ssl
from urllib.request import urlopen

import pytest

from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import container_ids
from tests.e2e.manifests import declare
from tests.integration.gateway.certificates import served_serial, write_pair
from tests.integration.waiting import eventually

pytestmark = pytest.mark.e2e


def test_a_certificate_is_served_and_renewed_in_place(small: Checkout) -> None:
    pair = small.folder / "gateway.crt", small.folder / "gateway.key"
    write_pair(*pair, serial=1)
    tls = {"certificate": pair[0].name, "key": pair[1].name}
    declare(small, {"web": {}}, tls=tls)
    small.msctl("up").good()
    trusting = ssl.create_default_context(cafile=str(pair[0]))
    with urlopen(f"https://127.0.0.1:{small.port}/web", timeout=10, context=trusting) as answer:
        assert answer.status == 200
    assert (
        small.msctl("status", "--json").good().json()["gateway"]["url"] == f"https://127.0.0.1:{small.port}"
    )
    before = container_ids(small.project)
    write_pair(*pair, serial=2)
    small.msctl("up").good()
    eventually(lambda: served_serial(small.port) == 2)
    assert container_ids(small.project) == before
    pair[1].write_text("spoilt")
    refused = small.msctl("up")
    assert refused.exit_code == 1
    assert "the gateway's certificate cannot be used" in refused.stderr
    assert served_serial(small.port) == 2


def test_beyond_the_loopback_without_a_certificate_is_warned_of(small: Checkout) -> None:
    declare(small, {"web": {}}, bind="0.0.0.0")
    warned = small.msctl("validate")
    assert warned.exit_code == 0
    assert "without TLS" in warned.stdout + warned.stderr
