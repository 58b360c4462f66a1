"""The collector on a real engine, giving lines to a real observer process, while both are killed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from msctl.agent.log_collector import LogCollector
from msctl.agent.observer_client import ObserverClient
from msctl.engine.docker import DockerEngine
from msctl.engine.port import Identity
from tests.integration.engine.launching import launch
from tests.integration.observer.observing import TOKEN, ObserverProcess, eventually

pytestmark = pytest.mark.integration

WRITE = "i=0; while [ $i -lt {count} ]; do echo line {name} $i; i=$((i+1)); done; sleep 600"


@pytest.fixture
def observer(tmp_path: Path) -> Iterator[ObserverProcess]:
    made = ObserverProcess(tmp_path)
    yield made
    made.kill()


@contextmanager
def collecting(engine: DockerEngine, project: str, observer: ObserverProcess, folder: Path) -> Iterator[None]:
    secrets = folder / "secrets.json"
    secrets.write_text("[]")
    client = ObserverClient(f"http://127.0.0.1:{observer.port}", TOKEN)
    collector = LogCollector(engine, project, client, secrets, lambda *_: None)
    thread = threading.Thread(target=collector.work)
    thread.start()
    try:
        yield
    finally:
        collector.close()
        thread.join(30)
        assert not thread.is_alive()


def check_restarts(
    engine: DockerEngine, identity: Identity, image: str, observer: ObserverProcess, folder: Path,
    *, services: int, count: int, seconds: float,
) -> None:  # fmt: skip
    """``services`` write ``count`` lines each while collector and observer are stopped and killed."""
    names = [f"{identity.project}-s{number}" for number in range(services)]
    for name in names:
        shell = WRITE.format(count=count, name=name)
        launch(engine, identity, image, shell, name=name, service=name.rpartition("-")[2])
    total = services * count
    for share in (0.2, 0.5):
        with collecting(engine, identity.project, observer, folder):
            eventually(lambda share=share: observer.stored() > total * share, seconds)  # type: ignore[misc]
            observer.kill()
            time.sleep(0.1)
            observer.start()
            eventually(lambda: observer.stored() >= 0, seconds)
    with collecting(engine, identity.project, observer, folder):
        eventually(lambda: observer.stored() >= total, seconds)
    found = observer.ask("/-/logs")
    times = [line["time"] for line in found]
    assert times == sorted(times)
    for name in names:
        written = [line["text"] for line in found if line["container"] == name]
        assert written == [f"line {name} {number}" for number in range(count)]


def test_all_lines_are_stored_once_and_in_order_over_restarts(
    docker_engine: DockerEngine,
    identity: Identity,
    tool_image: str,
    observer: ObserverProcess,
    tmp_path: Path,
) -> None:
    check_restarts(
        docker_engine, identity, tool_image, observer, tmp_path, services=3, count=4000, seconds=120
    )


@pytest.mark.long
def test_half_a_million_lines_are_stored_once_and_in_order_over_restarts(
    docker_engine: DockerEngine,
    identity: Identity,
    tool_image: str,
    observer: ObserverProcess,
    tmp_path: Path,
) -> None:
    check_restarts(
        docker_engine, identity, tool_image, observer, tmp_path, services=5, count=100_000, seconds=1800
    )


def test_lines_outlive_their_container(
    docker_engine: DockerEngine,
    identity: Identity,
    tool_image: str,
    observer: ObserverProcess,
    tmp_path: Path,
) -> None:
    name = launch(docker_engine, identity, tool_image, "echo last words; printf 'no newline'; sleep 600")
    with collecting(docker_engine, identity.project, observer, tmp_path):
        eventually(lambda: observer.stored() >= 1, 60)
        docker_engine.stop_container(identity, name, 0)
        eventually(lambda: observer.stored() >= 2, 60)
    docker_engine.remove_container(identity, name)
    assert [line["text"] for line in observer.ask("/-/logs")] == ["last words", "no newline"]


def test_a_line_of_a_megabyte_is_stored_up_to_its_bound(
    docker_engine: DockerEngine,
    identity: Identity,
    tool_image: str,
    observer: ObserverProcess,
    tmp_path: Path,
) -> None:
    launch(docker_engine, identity, tool_image, "head -c 1000000 /dev/zero | tr '\\0' x; echo; sleep 600")
    with collecting(docker_engine, identity.project, observer, tmp_path):
        eventually(lambda: observer.stored() == 1, 60)
    (line,) = observer.ask("/-/logs")
    assert line["text"].endswith("(1000000 characters)")
    assert len(line["text"]) < 300_000
