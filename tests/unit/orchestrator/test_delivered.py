"""Digests of what containers hold are read once for each delivery."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from msctl.engine.port import Identity
from msctl.model.desired import SecretFile
from msctl.model.secret import Secret
from msctl.orchestrator.delivered import FILE, Delivered
from tests.unit.orchestrator.conftest import UpCase
from tests.unit.orchestrator.stage import Stage
from tests.unit.plan.projects import shop

GATEWAY = "shop-gateway"


@pytest.fixture
def archives(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Containers whose files the engine was asked for."""
    asked: list[str] = []
    read = stage.engine.read_secret_digests

    def reading(name: str) -> Mapping[str, str]:
        asked.append(name)
        return read(name)

    monkeypatch.setattr(stage.engine, "read_secret_digests", reading)
    return asked


def test_a_second_reading_asks_only_where_something_was_delivered(
    stage: Stage, up: UpCase, archives: list[str]
) -> None:
    up(shop())
    observed = stage.engine.observe("shop")
    stage.workspace.forget(FILE)
    first = Delivered(stage.engine, observed, stage.workspace)
    first.keep(stage.workspace)
    kept = stage.workspace.read(FILE)
    archives.clear()
    again = Delivered(stage.engine, observed, stage.workspace)
    assert again.digests(GATEWAY) == first.digests(GATEWAY)
    again.keep(stage.workspace)
    assert stage.workspace.read(FILE) == kept
    assert archives == []
    gateway = next(c for c in observed.containers if c.name == GATEWAY)
    name = next(iter(first.digests(GATEWAY)))
    file = SecretFile(name, Secret("another"))
    stage.engine.deliver_secrets(Identity("shop", gateway.origin), GATEWAY, (file,))
    later = Delivered(stage.engine, observed, stage.workspace)
    assert later.digests(GATEWAY)[name] != first.digests(GATEWAY)[name]
    assert archives == [GATEWAY]
    later.keep(stage.workspace)
    assert stage.workspace.read(FILE) != kept


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "[1, 2]", '["stamp", []]', "3"])
def test_what_is_no_reading_is_read_anew(stage: Stage, up: UpCase, archives: list[str], text: str) -> None:
    up(shop())
    observed = stage.engine.observe("shop")
    stage.workspace.write(FILE, {c.name: text for c in observed.containers})
    archives.clear()
    Delivered(stage.engine, observed, stage.workspace).keep(stage.workspace)
    assert GATEWAY in archives
    assert stage.workspace.read(FILE)[GATEWAY] != text


@pytest.mark.parametrize("spoilt", [b"", b"{", b"[]", b'{"shop-gateway": 1}', b"\xff\x00", b"[" * 100_000])
def test_a_spoilt_file_is_as_good_as_none_and_replaced(stage: Stage, up: UpCase, spoilt: bytes) -> None:
    up(shop())
    up(shop())
    kept = stage.workspace.read(FILE)
    (stage.workspace.folder / FILE).write_bytes(spoilt)
    up(shop())
    assert stage.workspace.read(FILE) == kept


def test_a_container_that_is_gone_meanwhile_is_not_kept(stage: Stage, up: UpCase) -> None:
    up(shop())
    up(shop())
    observed = stage.engine.observe("shop")
    gateway = next(c for c in observed.containers if c.name == GATEWAY)
    stage.engine.remove_container(Identity("shop", gateway.origin), GATEWAY)
    Delivered(stage.engine, observed, stage.workspace).keep(stage.workspace)
    assert GATEWAY not in stage.workspace.read(FILE)


def test_up_keeps_what_it_read(stage: Stage, up: UpCase, archives: list[str]) -> None:
    up(shop())
    up(shop())
    archives.clear()
    up(shop())
    assert archives == []
    assert GATEWAY in stage.workspace.read(FILE)
