"""The engine contract on the in-memory double, and what its script can do."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from msctl.engine.memory import MemoryEngine
from msctl.engine.port import Engine, ExecResult, Identity
from msctl.errors import EngineError, PortTaken
from msctl.model.desired import ContainerSpec, NetworkSpec, PortBinding, VolumeSpec
from tests.unit.engine.contract import EngineContract, Kind

_STRANGER = Identity("stranger", "elsewhere")


@pytest.fixture
def identity() -> Identity:
    return Identity("shop", "here")


class TestMemoryEngine(EngineContract):
    @pytest.fixture
    def engine(self, image: str) -> Engine:
        engine = MemoryEngine()
        engine.script.images = {image}
        return engine

    @pytest.fixture
    def image(self) -> str:
        return "tool:1"

    @pytest.fixture
    def subnet(self) -> str:
        return "10.1.2.0/24"

    @pytest.fixture
    def free_port(self) -> int:
        return 18080

    def make_foreign(self, engine: Engine, identity: Identity, image: str, kind: Kind, name: str) -> None:
        if kind == "container":
            engine.create_container(_STRANGER, _spec(name, image), "h", {})
        elif kind == "network":
            engine.create_network(_STRANGER, NetworkSpec(name, "project"), None)
        else:
            engine.create_volume(_STRANGER, VolumeSpec(name, "database"))

    def foreign_exists(self, engine: Engine, identity: Identity, kind: Kind, name: str) -> bool:
        found = engine.observe(_STRANGER.project)
        held = {
            "container": [c.name for c in found.containers],
            "network": [n.name for n in found.networks],
            "volume": [v.name for v in found.volumes],
        }
        return held[kind] == [name]


def test_scripted_failures_happen_as_often_as_asked(identity: Identity) -> None:
    engine = MemoryEngine()
    engine.script.fail("create_container", "shop-a-1", EngineError("no"))
    with pytest.raises(EngineError, match="no"):
        engine.create_container(identity, _spec("shop-a-1"), "h", {})
    engine.create_container(identity, _spec("shop-a-1"), "h", {})
    assert engine.script.calls == [("create_container", "shop-a-1")] * 2


def test_scripted_exit_codes_end_a_container_at_its_start(identity: Identity) -> None:
    engine = MemoryEngine()
    engine.script.exit_codes["shop-a-1"] = 3
    engine.create_container(identity, _spec("shop-a-1"), "h", {})
    ended = engine.start_container(identity, "shop-a-1")
    assert (ended.state, ended.exit_code) == ("exited", 3)


def test_scripted_ports_are_taken(identity: Identity) -> None:
    engine = MemoryEngine()
    engine.script.taken_ports.add(8080)
    spec = ContainerSpec("shop-gateway", "gateway", "i", "i", ports=(PortBinding(8080, host_port=8080),))
    engine.create_container(identity, spec, "h", {})
    with pytest.raises(PortTaken, match="8080"):
        engine.start_container(identity, spec.name)


def test_commands_are_answered_by_the_script(identity: Identity) -> None:
    engine = _running(identity)
    engine.script.answer = lambda name, command, stdin: ExecResult(len(command), f"{name} {stdin!r}")
    assert engine.execute("shop-a-1", ["a", "b"], timeout=1, stdin=b"x") == ExecResult(2, "shop-a-1 b'x'")


def test_crashes_are_seen_and_told(identity: Identity) -> None:
    engine = _running(identity)
    stop = threading.Event()
    events = engine.events(identity.project, stop)
    engine.crash("shop-a-1", 137, oom=True)
    assert [next(events).action for _ in range(2)] == ["oom", "die"]
    stop.set()
    assert list(events) == []
    seen = engine.inspect("shop-a-1")
    assert (seen.state, seen.exit_code, seen.oom_killed, seen.addresses) == ("exited", 137, True, {})


def test_logs_follow_until_the_container_ends(identity: Identity) -> None:
    engine = _running(identity)
    engine.write_log("shop-a-1", "one")
    engine.write_log("shop-a-1", "two", "stderr")
    lines = engine.logs("shop-a-1", follow=True, tail=1)
    assert next(lines).text == "two"
    engine.write_log("shop-a-1", "three")
    engine.crash("shop-a-1", 0)
    assert [line.text for line in lines] == ["three"]


def test_logs_can_be_closed_and_begin_at_a_time(identity: Identity) -> None:
    moment = datetime(2024, 1, 1, tzinfo=UTC)
    engine = MemoryEngine(now=lambda: moment)
    engine.create_container(identity, _spec("shop-a-1"), "h", {})
    engine.start_container(identity, "shop-a-1")
    engine.write_log("shop-a-1", "one")
    assert [line.text for line in engine.logs("shop-a-1", since=moment)] == ["one"]
    lines = engine.logs("shop-a-1", follow=True, since=datetime(2024, 1, 2, tzinfo=UTC))
    lines.close()
    assert list(lines) == []


def _running(identity: Identity) -> MemoryEngine:
    engine = MemoryEngine()
    engine.create_container(identity, _spec("shop-a-1"), "h", {})
    engine.start_container(identity, "shop-a-1")
    return engine


def _spec(name: str, image: str = "tool:1") -> ContainerSpec:
    return ContainerSpec(name=name, role="service", image=image, image_identity=image)
