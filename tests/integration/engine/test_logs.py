"""Logs and events of real containers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from msctl.engine.docker import DockerEngine
from msctl.engine.port import Identity, LogLine
from tests.integration.engine.launching import launch

pytestmark = pytest.mark.integration

Launch = Callable[[str], str]


@pytest.fixture
def run(docker_engine: DockerEngine, identity: Identity, tool_image: str) -> Launch:
    return lambda shell: launch(docker_engine, identity, tool_image, shell)


def _followed(engine: DockerEngine, name: str, count: int) -> list[LogLine]:
    lines = engine.logs(name, follow=True)
    found = [next(lines) for _ in range(count)]
    lines.close()
    return found


def test_lines_carry_stream_and_time(docker_engine: DockerEngine, run: Launch) -> None:
    before = datetime.now(UTC) - timedelta(seconds=5)
    name = run("echo out; echo err >&2; sleep 600")
    lines = _followed(docker_engine, name, 2)
    assert sorted((line.stream, line.text) for line in lines) == [("stderr", "err"), ("stdout", "out")]
    assert all(line.container == name for line in lines)
    assert all(before < line.time < datetime.now(UTC) + timedelta(seconds=5) for line in lines)


def test_a_line_that_the_engine_cut_is_one_line(docker_engine: DockerEngine, run: Launch) -> None:
    name = run("head -c 100000 /dev/zero | tr '\\0' x; echo; echo short; sleep 600")
    assert [len(line.text) for line in _followed(docker_engine, name, 2)] == [100_000, 5]


def test_a_last_line_without_newline_is_kept(
    docker_engine: DockerEngine, identity: Identity, run: Launch
) -> None:
    name = run("printf 'one\\ntwo'; sleep 600")
    _followed(docker_engine, name, 1)
    docker_engine.stop_container(identity, name, 0)
    assert [line.text for line in docker_engine.logs(name)] == ["one", "two"]


def test_the_last_lines_and_those_since_a_moment(docker_engine: DockerEngine, run: Launch) -> None:
    name = run("for n in 1 2 3 4 5; do echo $n; done; sleep 600")
    lines = _followed(docker_engine, name, 5)
    assert [line.text for line in docker_engine.logs(name, tail=2)] == ["4", "5"]
    assert [line.text for line in docker_engine.logs(name, tail=0)] == []
    later = [line.text for line in docker_engine.logs(name, since=lines[2].time)]
    assert later[-3:] == ["3", "4", "5"]
    assert list(docker_engine.logs(name, since=lines[-1].time + timedelta(seconds=1))) == []


def test_following_ends_with_the_container(
    docker_engine: DockerEngine, identity: Identity, run: Launch
) -> None:
    name = run("echo hello; sleep 600")
    lines = docker_engine.logs(name, follow=True)
    assert next(lines).text == "hello"
    docker_engine.stop_container(identity, name, 0)
    assert list(lines) == []


def test_closing_wakes_whoever_waits_for_a_line(docker_engine: DockerEngine, run: Launch) -> None:
    lines = docker_engine.logs(run("sleep 600"), follow=True)
    found: list[list[LogLine]] = []
    reader = threading.Thread(target=lambda: found.append(list(lines)), daemon=True)
    reader.start()
    lines.close()
    reader.join(30)
    assert found == [[]]


def test_events_tell_life_and_death(docker_engine: DockerEngine, identity: Identity, tool_image: str) -> None:
    stop = threading.Event()
    events = docker_engine.events(identity.project, stop)
    name = launch(docker_engine, identity, tool_image)
    docker_engine.execute(name, ["true"], timeout=30)
    docker_engine.stop_container(identity, name, 0)
    docker_engine.remove_container(identity, name)
    seen = {}
    for event in events:
        seen[event.action] = event
        if event.action == "destroy":
            stop.set()
    order = [action for action in seen if action not in ("kill", "stop")]
    assert order == ["create", "start", "die", "destroy"]
    assert {e.container for e in seen.values()} == {name}
    assert seen["die"].attributes["exitCode"] in ("137", "143")


def test_waiting_for_events_ends_when_told(docker_engine: DockerEngine, identity: Identity) -> None:
    stop = threading.Event()
    seen: list[object] = []
    events = docker_engine.events(identity.project, stop)
    reader = threading.Thread(target=lambda: seen.append(list(events)), daemon=True)
    reader.start()
    stop.set()
    reader.join(30)
    assert seen == [[]]
