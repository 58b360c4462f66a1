"""Events between two services: nothing lost, no double effect, order kept, whoever is killed."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator

import pytest

from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import docker
from tests.e2e.manifests import write
from tests.e2e.streaming import RETRIES, backwards, dead, doubled, effects, make_stream, place, storm
from tests.integration.waiting import eventually

pytestmark = pytest.mark.e2e

_BUSY_MACHINE = 120.0


@pytest.fixture(scope="module")
def stream(images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """The stream, up; its tests use order numbers of their own."""
    checkout = make_stream(tmp_path_factory.mktemp("stream"), unlucky=0.01)
    try:
        checkout.msctl("up").good()
        yield checkout
    finally:
        checkout.sweep()


def test_five_kills_lose_nothing_double_nothing_and_keep_the_order(stream: Checkout) -> None:
    before = effects(stream)
    storm(stream, 5, 500, random.Random(1))
    eventually(lambda: effects(stream) - before >= 500, timeout=180.0, interval=0.5)
    assert (effects(stream) - before, doubled(stream), backwards(stream), dead(stream)) == (500, 0, 0, 0)


def test_while_the_broker_is_away_services_stay_ready_and_all_comes_on_its_return(stream: Checkout) -> None:
    eventually(lambda: stream.msctl("status").exit_code == 0, timeout=_BUSY_MACHINE, interval=0.5)
    before = effects(stream)
    docker("stop", "--time", "1", stream.name("broker"))
    assert place(stream, 10_000, 10_050)
    status = stream.msctl("status", "--json").json()
    assert all(service["ready"] == service["desired"] for service in status["services"])
    assert status["healthy"] is False
    docker("start", stream.name("broker"))
    eventually(lambda: effects(stream) - before == 50, timeout=_BUSY_MACHINE)
    assert stream.msctl("events").good()


def test_services_that_start_before_the_broker_become_ready_and_use_it_when_it_comes(
    stream: Checkout,
) -> None:
    docker("stop", "--time", "1", stream.name("broker"))
    for name in ("source-1", "source-2", "sink-1", "sink-2"):
        docker("restart", "--time", "5", stream.name(name))
    before = effects(stream)
    eventually(lambda: place(stream, 20_000, 20_020), timeout=_BUSY_MACHINE)
    docker("start", stream.name("broker"))
    eventually(lambda: effects(stream) - before == 20, timeout=_BUSY_MACHINE)


def test_what_always_fails_is_dead_after_exactly_its_tries_and_can_be_replayed(stream: Checkout) -> None:
    event = stream.msctl(
        "events", "publish", "order.placed", "--data", '{"number": -1}', "--key", "ann"
    ).good()
    event_id = event.stdout.strip()
    (letter,) = eventually(
        lambda: stream.msctl("events", "dead", "sink", "--json").good().json(), timeout=_BUSY_MACHINE
    )
    assert (letter["id"], letter["cause"]) == (event_id, "ValueError: unlucky")
    assert letter["tries"] == len(RETRIES) + 1 == attempts(stream, -1)
    status = stream.msctl("status", "--json").json()
    assert [(e["service"], e["dead"]) for e in status["events"]] == [("sink", 1)]
    assert "dead letters: 1 of sink" in stream.msctl("status").stdout
    assert stream.msctl("events", "dead", "replay", event_id[:8]).good().stdout == "1 replayed\n"
    eventually(lambda: attempts(stream, -1) == 2 * (len(RETRIES) + 1), timeout=_BUSY_MACHINE)
    eventually(lambda: dead(stream) == 1, timeout=_BUSY_MACHINE)
    assert stream.msctl("events", "dead", "drop", event_id).good().stdout == "1 dropped\n"
    assert dead(stream) == 0
    assert effects(stream) == effects(stream) - doubled(stream)


def attempts(checkout: Checkout, number: int) -> int:
    """How often the instances tried an order, since each was started."""
    ask = f"http://127.0.0.1:8000/attempts/{number}"
    program = f"from urllib.request import urlopen; print(urlopen('{ask}').read().decode())"
    answers = [docker("exec", checkout.name(f"sink-{n}"), "python", "-c", program) for n in (1, 2)]
    return sum(int(json.loads(answer)["attempts"]) for answer in answers)


def test_a_tail_is_a_copy(stream: Checkout) -> None:
    """Each order is placed when the one before has its effect: two sources publish in no common order."""
    before, placed = effects(stream), 0
    with stream.start("events", "tail", "order.*", "-n", "5", "--json") as tail:
        try:
            while tail.poll() is None:
                eventually(lambda: place(stream, 30_000, 30_001 + placed), timeout=_BUSY_MACHINE)  # noqa: B023
                placed += 1
                eventually(lambda: effects(stream) - before == placed, timeout=_BUSY_MACHINE)  # noqa: B023
        finally:
            tail.kill()
        out, _ = tail.communicate()
    seen = [json.loads(line)["data"]["number"] for line in out.splitlines()]
    assert seen == list(range(seen[0], seen[0] + 5))


def test_a_change_of_order_is_a_clash_until_the_empty_queue_is_made_anew(stream: Checkout) -> None:
    manifest = json.loads(stream.manifest.read_text())
    subscription = manifest["services"]["sink"]["subscribes"][0]
    before = effects(stream)
    for number, ordered in enumerate((False, True)):
        subscription["ordered"] = ordered
        write(stream, manifest)
        refused = stream.msctl("up")
        assert refused.exit_code == 1
        assert "the broker's 'sink' has x-single-active-consumer" in refused.stderr
        assert "queue 'sink' was made anew" in stream.msctl("up", "--yes").good().stderr
        first, before = 40_000 + number * 10, before + 10
        eventually(lambda: place(stream, first, first + 10), timeout=_BUSY_MACHINE)  # noqa: B023
        eventually(lambda: effects(stream) == before, timeout=_BUSY_MACHINE)  # noqa: B023


@pytest.mark.long
def test_a_hundred_kills_and_ten_thousand_orders(
    images: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    checkout = make_stream(tmp_path_factory.mktemp("storm"), unlucky=0.01)
    try:
        checkout.msctl("up").good()
        storm(checkout, 100, 10_000, random.Random(7))
        eventually(lambda: effects(checkout) >= 10_000, timeout=300.0, interval=1.0)
        found = (effects(checkout), doubled(checkout), backwards(checkout), dead(checkout))
        assert found == (10_000, 0, 0, 0)
    finally:
        checkout.sweep()


@pytest.mark.long
def test_a_broker_that_is_away_for_a_minute(images: None, tmp_path_factory: pytest.TempPathFactory) -> None:
    checkout = make_stream(tmp_path_factory.mktemp("minute"), unlucky=0.0)
    try:
        checkout.msctl("up").good()
        docker("stop", "--time", "1", checkout.name("broker"))
        for second in range(60):
            assert place(checkout, second * 10, second * 10 + 10)
            time.sleep(1.0)
        docker("start", checkout.name("broker"))
        eventually(lambda: checkout.msctl("events", "dead").exit_code == 0, timeout=60.0)
        eventually(lambda: effects(checkout) == 600, timeout=5.0)
    finally:
        checkout.sweep()
