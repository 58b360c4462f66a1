"""Waiting for a container: until it is ready, hopeless, or out of time."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count

import pytest

from msctl.engine.memory import MemoryEngine
from msctl.engine.port import ExecResult, Identity
from msctl.errors import Interrupted
from msctl.events import StepProgress
from msctl.model.desired import Attachment, ContainerSpec, NetworkSpec, Probe
from msctl.model.observed import ObservedContainer
from msctl.orchestrator.deaths import Deaths
from msctl.orchestrator.not_ready import NotReady
from msctl.orchestrator.probing import Prober
from msctl.orchestrator.readiness import Readiness
from tests.unit.orchestrator.stage import FakeProberStream, RecordingSink

IDENTITY = Identity("shop", "here")
HTTP = ContainerSpec(
    "shop-web-1", "service", "i", "i", attachments=(Attachment("shop"),), probe=Probe("http", 8000, "/readyz")
)
EXEC = ContainerSpec("shop-web-db", "database", "i", "i", probe=Probe("exec", command=("pg_isready", "-q")))
GATEWAY = ContainerSpec("shop-gateway", "gateway", "i", "i")


class Scene:
    """An engine with the gateway and one container, asked through a scripted prober."""

    def __init__(self) -> None:
        self.engine = MemoryEngine()
        self.sink = RecordingSink()
        self.stop = threading.Event()
        self.timeout = 3.0
        self.answers: list[tuple[bool, str]] = [(True, "200 ok")]
        self.engine.script.streams = lambda _name, _command: FakeProberStream(lambda _: self.answers[0])
        self.engine.create_network(IDENTITY, NetworkSpec("shop", "project"), None)
        for spec in (GATEWAY, HTTP, EXEC):
            self.engine.create_container(IDENTITY, spec, "h", {})
            self.engine.start_container(IDENTITY, spec.name)
        self.prober = Prober(self.engine, "shop-gateway")
        self.deaths: Deaths | Ends = Deaths(self.engine, IDENTITY.project)

    def wait(self, spec: ContainerSpec) -> str:
        seconds = count()
        readiness = Readiness(
            self.engine,
            self.prober,
            self.deaths,  # type: ignore[arg-type]
            self.sink,
            timeout=self.timeout,
            clock=lambda: float(next(seconds)),
            stop=self.stop,
        )
        return readiness.wait(spec, "shop")


class Ends:
    """What is heard of ends, question by question; the last answer stays."""

    def __init__(self, *answers: int | None) -> None:
        self._answers = list(answers)

    def of(self, name: str) -> int | None:
        assert name == HTTP.name
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def scene() -> Iterator[Scene]:
    made = Scene()
    yield made
    made.prober.close()
    made.deaths.close()


def test_a_good_answer_is_returned(scene: Scene) -> None:
    assert scene.wait(HTTP) == "200 ok"


def test_what_has_no_probe_is_ready(scene: Scene) -> None:
    assert scene.wait(GATEWAY) == ""


def test_bad_answers_are_told_until_time_is_up(scene: Scene) -> None:
    scene.answers = [(False, "503 starting")]
    with pytest.raises(NotReady, match="not ready after 3 s") as caught:
        scene.wait(HTTP)
    assert caught.value.answer == "503 starting"
    assert scene.sink.events == [StepProgress("shop-web-1", "503 starting")]


def test_a_container_that_ended_is_not_waited_for(scene: Scene) -> None:
    scene.answers = [(False, "connection refused")]
    scene.engine.crash("shop-web-1", 3)
    with pytest.raises(NotReady, match="exited with code 3") as caught:
        scene.wait(HTTP)
    assert caught.value.found is not None
    assert caught.value.found.exit_code == 3


def test_a_container_killed_for_memory_is_not_waited_for(scene: Scene) -> None:
    scene.answers = [(False, "connection refused")]
    scene.engine.crash("shop-web-1", 137, oom=True)
    with pytest.raises(NotReady, match="out of memory"):
        scene.wait(HTTP)


def test_crashes_while_its_database_was_not_there_do_not_count(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    inspect = scene.engine.inspect

    def crashed(name: str) -> ObservedContainer:
        return replace(inspect(name), state="restarting", restarts=5, exit_code=1)

    monkeypatch.setattr(scene.engine, "inspect", crashed)
    scene.answers[0] = (False, "refused")
    with pytest.raises(NotReady, match="crash loop"):
        scene.wait(HTTP)
    with pytest.raises(NotReady, match="not ready after"):
        scene.wait(replace(HTTP, waits=True))


@pytest.mark.parametrize(
    ("heard", "looks"),
    [
        pytest.param([0], 5, id="nothing-ends"),
        pytest.param([None], 13, id="nothing-can-be-heard"),
        pytest.param([None, None, None, 0], 7, id="it-is-heard-later"),
        pytest.param([0, 0, 1], 6, id="it-ends-once"),
    ],
)
def test_it_is_looked_at_when_it_ended_and_now_and_then(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, heard: list[int | None], looks: int
) -> None:
    inspected: list[str] = []
    inspect = scene.engine.inspect

    def noting(name: str) -> ObservedContainer:
        inspected.append(name)
        return inspect(name)

    monkeypatch.setattr(scene.engine, "inspect", noting)
    scene.answers = [(False, "503 starting")]
    scene.deaths = Ends(*heard)
    scene.timeout = 24.0
    with pytest.raises(NotReady, match="not ready after"):
        scene.wait(HTTP)
    assert len(inspected) - 1 == looks  # one is for its address


def test_ctrl_c_ends_the_wait(scene: Scene) -> None:
    scene.answers = [(False, "503 starting")]
    scene.stop.set()
    with pytest.raises(Interrupted):
        scene.wait(HTTP)


def test_a_command_asks_a_database(scene: Scene) -> None:
    assert scene.wait(EXEC) == ""
    (run,) = scene.engine.script.commands
    assert run.container == "shop-web-db"
    assert "until pg_isready -q" in run.command[-1]


def test_a_failing_command_is_repeated_until_time_is_up(scene: Scene) -> None:
    def refuse(_name: str, _command: Sequence[str], _stdin: bytes | None) -> ExecResult:
        return ExecResult(1, "no response\n")

    scene.engine.script.answer = refuse
    with pytest.raises(NotReady) as caught:
        scene.wait(EXEC)
    assert caught.value.answer == "no response"
    assert len(scene.engine.script.commands) > 1


def test_a_vanished_container_is_told(scene: Scene) -> None:
    scene.engine.remove_container(IDENTITY, "shop-web-db")
    with pytest.raises(NotReady, match="disappeared"):
        scene.wait(EXEC)
