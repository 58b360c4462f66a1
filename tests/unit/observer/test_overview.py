"""The project at a glance, and the history of its health."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msctl.observer.exposition import Traffic
from msctl.observer.history import History
from msctl.observer.live import Topology
from msctl.observer.overview import Checks, checks_of, merged, overview

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
DECLARED = {
    "project": "shop",
    "gateway": "http://127.0.0.1:8080",
    "platform": ["gateway"],
    "services": [{"name": "orders", "replicas": 2, "port": 8000, "publishes": [], "subscribes": []}],
}
WELL = dict.fromkeys(("shop-orders-1", "shop-orders-2", "shop-gateway"), ("pass", "ok"))


def seen(checks: Checks | None) -> dict[str, Any]:
    return overview(DECLARED, checks, [], {"orders": Traffic(rate=2.0)}, {"orders": [1.0, 2.0]}, {}, NOW)


def test_all_well() -> None:
    found = seen(WELL)
    assert found["healthy"]
    orders = found["services"][0]
    assert (orders["ready"], orders["traffic"]["rate"], orders["traffic"]["line"]) == (2, 2.0, [1.0, 2.0])
    assert found["platform"] == [
        {"role": "gateway", "name": "shop-gateway", "health": "pass", "output": "ok", "since": None}
    ]


def test_what_is_not_registered_fails_and_what_is_too_many_is_shown() -> None:
    found = seen(
        {"shop-gateway": ("pass", ""), "shop-orders-7": ("warn", "slow"), "shop-orders-db": ("pass", "")}
    )
    assert not found["healthy"]
    assert [(i["name"], i["health"]) for i in found["services"][0]["instances"]] == [
        ("shop-orders-1", "fail"), ("shop-orders-2", "fail"), ("shop-orders-7", "warn"),
    ]  # fmt: skip


def test_a_registry_that_is_away_leaves_all_unknown() -> None:
    found = seen(None)
    assert (found["registry"], found["healthy"]) == ("fail", False)
    assert found["services"][0]["instances"][0]["health"] == "unknown"


def test_the_worst_check_of_a_part_counts() -> None:
    found = checks_of(
        [
            {"ServiceID": "a", "Status": "passing", "Output": "fine"},
            {"ServiceID": "a", "Status": "critical", "Output": " refused\n"},
            {"ServiceID": "", "Status": "passing"},
            {"ServiceID": "b", "Status": "warning", "Output": None},
        ]
    )
    assert found == {"a": ("fail", "refused"), "b": ("warn", "")}


def test_circuits_of_several_instances_are_one() -> None:
    def circuit(state: str, calls: int) -> dict[str, Any]:
        return {"caller": "orders", "callee": "inventory", "state": state, "calls": calls, "cause": state}

    (found,) = merged([circuit("closed", 3), circuit("open", 4), circuit("half_open", 5)])
    assert (found["state"], found["calls"], found["cause"]) == ("open", 12, "open")


def test_changes_are_kept_with_their_cause(tmp_path: Path) -> None:
    history = History(tmp_path / "h.sqlite")
    history.see({"a": ("pass", "ok")}, NOW)
    assert history.see({"a": ("pass", "still ok")}, NOW) == []
    history.see({"a": ("fail", "refused"), "b": ("pass", "")}, NOW)
    history.see({"b": ("pass", "")}, NOW)
    told = [(c.subject, c.before, c.state, c.cause) for c in history.changes()]
    assert told == [
        ("a", "fail", "absent", "no longer registered"),
        ("b", "absent", "pass", ""),
        ("a", "pass", "fail", "refused"),
        ("a", "absent", "pass", "ok"),
    ]
    assert [c.subject for c in history.changes("b")] == ["b"]
    history.close()
    again = History(tmp_path / "h.sqlite")
    assert again.states() == {"a": "absent", "b": "pass"}
    again.close()


def test_the_topology_is_read_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "topology.json"
    topology = Topology(path)
    assert topology.read()["services"] == []
    path.write_text(json.dumps(DECLARED))
    assert topology.targets() == {
        "gateway": {"gateway": "http://gateway:8081/metrics"},
        "orders": {f"shop-orders-{n}": f"http://shop-orders-{n}:8000/metrics" for n in (1, 2)},
    }
    assert topology.is_ours("shop-orders-1")
    assert not topology.is_ours("shopping-1")
