"""How big and how busy databases and broker are."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from msctl.agent.figures import FIRST_SECONDS, KEPT_SECONDS, LOOK, Figure, Figures, figure_of
from msctl.agent.queues import Depth
from msctl.engine.port import ExecResult
from tests.unit.agent.scene import IDENTITY, Scene, instance

_ROW = "   0: 0300A8C0:{port:04X} {peer}:D431 {state} 00000000:00000000 00:00000000 00000000   999"
_HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"


def answer(*rows: tuple[int, str, str], sizes: str = "2048\t/var/lib/postgresql/data\n") -> str:
    lines = "".join(_ROW.format(port=port, peer=peer, state=state) + "\n" for port, peer, state in rows)
    return f"{_HEAD}{lines}{_HEAD}==\n{sizes}"


def test_clients_from_outside_are_counted_and_data_measured() -> None:
    found = figure_of(
        answer(
            (5432, "0400A8C0", "01"), (5432, "0500A8C0", "01"),
            (5432, "0100007F", "01"), (5432, "0400A8C0", "06"), (5432, "00000000", "0A"),
            (41000, "0400A8C0", "01"),
        )
    )  # fmt: skip
    assert found == Figure(2, 2048 * 1024)


def test_a_strange_answer_is_no_figure() -> None:
    with pytest.raises(ValueError, match="not the answer"):
        figure_of("sh: not found")


class _Queues:
    async def depths(self) -> dict[str, Depth]:
        return {"orders": Depth(7, 1, 2)}


async def test_what_cannot_be_asked_is_left_out_and_looks_are_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    scene.start(instance(1, name="shop-orders-db", role="database", liveness=None))
    scene.start(instance(2, name="shop-broker", role="broker", service=None, liveness=None))
    asked: list[str] = []

    def execute(name: str, command: Any, **_: Any) -> ExecResult:
        assert command == LOOK
        asked.append(name)
        return ExecResult(0, answer((5432, "0400A8C0", "01")) if name.endswith("-db") else "broken")

    monkeypatch.setattr(scene.engine, "execute", execute)
    now = [0.0]
    figures = Figures(scene.engine, IDENTITY.project, _Queues(), lambda: now[0])  # type: ignore[arg-type]
    await figures.refresh()
    assert asked == []  # what starts beside the agent comes first
    now[0] = FIRST_SECONDS
    await figures.refresh()
    await figures.refresh()
    assert sorted(asked) == ["shop-broker", "shop-orders-db"]
    now[0] += KEPT_SECONDS
    await figures.refresh()
    assert len(asked) == 4
    registry = CollectorRegistry()
    registry.register(figures)
    text = generate_latest(registry).decode()
    assert 'msctl_database_connections{name="orders"} 1.0' in text
    assert 'msctl_database_size_bytes{name="orders"} 2.097152e+06' in text
    assert 'msctl_queue_messages{kind="dead",name="orders"} 2.0' in text
    assert "msctl_broker_connections" not in text
    assert "msctl_disk_free_bytes" in text
