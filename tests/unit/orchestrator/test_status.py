"""The status report from what was found: pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from msctl.engine.port import Identity
from msctl.model.observed import Observed, ObservedContainer
from msctl.model.project import Project
from msctl.model.status import StatusReport
from msctl.orchestrator.complaints import Complaints
from msctl.orchestrator.status import circuit_status, report, status
from msctl.orchestrator.survey import Survey, healthy
from msctl.registry.entry import InstanceHealth
from tests.unit.orchestrator.conftest import UpCase
from tests.unit.orchestrator.stage import Stage
from tests.unit.plan.projects import desired, project, service, shop, with_service
from tests.unit.plan.world import World

STARTED = datetime(2026, 1, 2, 11, 55, tzinfo=UTC)
NOW = STARTED + timedelta(seconds=30)


@pytest.fixture
def found() -> Survey:
    """The shop as it runs after ``up``."""
    world = World().bring(desired(shop()))
    entries = {i: InstanceHealth(i, e.name, e.address, e.port, "pass", "") for i, e in world.entries.items()}
    observed = world.observed()
    containers = tuple(replace(c, started_at=STARTED) for c in observed.containers)
    return Survey(replace(observed, containers=containers), entries)


def test_everything_well(found: Survey) -> None:
    made = reported(found)
    assert made.healthy
    assert made.gateway_health == "pass"
    orders = made.services[0]
    assert (orders.name, orders.desired, orders.ready, orders.image) == ("orders", 2, 2, "shop/orders:one")
    assert [i.name for i in orders.instances] == ["shop-orders-1", "shop-orders-2"]
    assert orders.instances[0].started_at == STARTED
    assert {p.role: p.health for p in made.platform} == dict.fromkeys(
        ("registry", "gateway", "broker", "observer", "metrics", "agent"), "pass"
    )
    assert orders.database is not None
    assert (orders.database.name, orders.database.health) == ("shop-orders-db", "pass")


def test_prometheus_may_be_entered_after_up_has_returned(found: Survey) -> None:
    entries = {i: e for i, e in (found.entries or {}).items() if i != "shop-metrics"}
    late = reported(replace(found, entries=entries))
    assert late.healthy
    (part,) = (p for p in late.platform if p.role == "metrics")
    assert (part.health, part.output) == ("warn", "running, and not entered yet")
    stopped = reported(with_container(replace(found, entries=entries), "shop-metrics", state="exited"))
    assert not stopped.healthy


@pytest.mark.parametrize(
    ("output", "health", "told"),
    [
        ("", "warn", "running, and not asked by the registry yet"),
        ("connection refused", "fail", "connection refused"),
    ],
)
def test_prometheus_need_not_have_been_asked_since_the_registry_came_back(
    found: Survey, output: str, health: str, told: str
) -> None:
    assert found.entries is not None
    asked = replace(found.entries["shop-metrics"], status="fail", output=output)
    made = reported(replace(found, entries={**found.entries, "shop-metrics": asked}))
    (part,) = (p for p in made.platform if p.role == "metrics")
    assert (part.health, part.output, made.healthy) == (health, told, health == "warn")


def test_an_instance_that_was_not_asked_yet_says_so(found: Survey) -> None:
    assert found.entries is not None
    unasked = replace(found.entries["shop-orders-1"], status="fail", output="")
    made = reported(replace(found, entries={**found.entries, "shop-orders-1": unasked}))
    instance = made.services[0].instances[0]
    assert (instance.health, instance.output) == ("fail", "not asked by the registry yet")


def test_an_instances_address_is_the_one_in_the_projects_network(found: Survey) -> None:
    several = {"shop-orders-db": "172.20.0.3", "shop": "10.192.0.16"}
    changed = with_container(found, "shop-orders-1", addresses=several)
    assert reported(changed).services[0].instances[0].address == "10.192.0.16:8000"


def test_a_missing_instance_is_listed_as_missing(found: Survey) -> None:
    made = reported(without_container(found, "shop-orders-2"))
    gone = made.services[0].instances[1]
    assert (gone.name, gone.state, gone.health, gone.registered) == (
        "shop-orders-2",
        "missing",
        "fail",
        False,
    )
    assert (made.services[0].ready, made.healthy) == (1, False)


def test_a_crash_looping_instance_says_so(found: Survey) -> None:
    changed = with_container(found, "shop-web-1", state="restarting", exit_code=1, restarts=5)
    made = reported(changed)
    web = made.services[3].instances[0]
    assert (web.health, web.restarts, web.exit_code) == ("fail", 5, 1)
    assert "code 1" in web.output
    assert "5 restarts" in web.output
    assert not made.healthy


def test_the_last_words_of_a_crash_loop_are_told(found: Survey) -> None:
    looping = with_container(found, "shop-web-1", state="restarting", exit_code=1, restarts=5)
    words = {"shop-web-1": "KeyError: 'STRIPE_KEY'", "shop-orders-1": "all is well"}
    made = report(shop(), looping, [], "docker", NOW, Complaints(last_words=words))
    outputs = {i.name: i.output for s in made.services for i in s.instances}
    assert outputs["shop-web-1"] == "crash looping (code 1), 5 restarts: KeyError: 'STRIPE_KEY'"
    assert outputs["shop-orders-1"] == ""


def test_a_container_killed_for_memory_says_so(found: Survey) -> None:
    changed = with_container(found, "shop-web-1", state="exited", exit_code=137, oom_killed=True)
    assert "out of memory" in reported(changed).services[3].instances[0].output


@pytest.mark.parametrize(("check", "ready"), [("pass", 1), ("warn", 1), ("fail", 0)])
def test_a_running_instance_is_as_well_as_its_check(found: Survey, check: str, ready: int) -> None:
    web = made_entry(found, "shop-web-1", check)
    made = reported(web).services[3]
    assert (made.instances[0].health, made.ready) == (check, ready)
    assert made.instances[0].output == ("" if check == "pass" else "503 no")


@pytest.mark.parametrize(("seconds", "health"), [(59, "starting"), (61, "fail")])
def test_what_is_not_ready_tells_what_it_answers_and_is_failing_after_a_minute(
    found: Survey, seconds: int, health: str
) -> None:
    entries = {name: entry for name, entry in (found.entries or {}).items() if name != "shop-web-1"}
    unready = replace(found, entries=entries)
    said = Complaints(answers={"shop-web-1": "404 no such page", "shop-orders-1": "200"})
    made = report(shop(), unready, (), "docker", STARTED + timedelta(seconds=seconds), said)
    web, orders = made.services[3].instances[0], made.services[0].instances[0]
    assert (web.health, web.output) == (health, "not registered; its health path answers: 404 no such page")
    assert (orders.health, orders.output) == ("pass", "")


def test_the_unready_are_asked_as_up_asks_them(stage: Stage, up: UpCase) -> None:
    up(shop())
    stage.registry.held.pop("shop-web-1")
    stage.answers["shop-web-1"] = (False, "503 no")
    web = status(stage.engine, stage.access(), shop()).services[3].instances[0]
    assert web.output == "not registered; its health path answers: 503 no"


def test_an_instance_that_is_not_registered_is_starting(found: Survey) -> None:
    entries = {name: entry for name, entry in (found.entries or {}).items() if name != "shop-web-1"}
    web = reported(replace(found, entries=entries)).services[3]
    assert (web.instances[0].health, web.instances[0].registered, web.ready) == ("starting", False, 0)


def test_without_the_registry_the_engines_word_is_told_with_a_note(found: Survey) -> None:
    made = reported(Survey(found.observed, None))
    assert not made.healthy
    assert {i.health for s in made.services for i in s.instances} == {"warn"}
    assert any("registry does not answer" in note for note in made.notes)


def test_a_stopped_database_fails(found: Survey) -> None:
    made = reported(with_container(found, "shop-orders-db", state="exited", exit_code=1))
    assert made.services[0].database is not None
    assert (made.services[0].database.health, made.services[0].database.state) == ("fail", "exited")
    assert not made.healthy


def test_nothing_there_is_not_running() -> None:
    made = reported(Survey(Observed("shop"), None))
    assert not made.running
    assert not made.healthy
    assert made.gateway_health == "fail"


def test_instances_too_many_are_shown_in_the_order_of_their_numbers(found: Survey) -> None:
    fewer = with_service(shop(), "orders", replicas=1)
    names = [i.name for i in reported(found, fewer).services[0].instances]
    assert names == ["shop-orders-1", "shop-orders-2"]


def test_an_external_service_is_well_when_its_entry_is() -> None:
    outside = project(service("web"), service("mail", build=None, external="http://mail.example"))
    world = World().bring(desired(outside))
    entries = {i: InstanceHealth(i, e.name, e.address, e.port, "pass", "") for i, e in world.entries.items()}
    assert reported(Survey(world.observed(), entries), outside).healthy
    sick = InstanceHealth("shop-mail-external", "mail", "mail.example", 80, "fail", "refused")
    made = reported(Survey(world.observed(), entries | {sick.id: sick}), outside)
    (told,) = next(s for s in made.services if s.name == "mail").instances
    assert (made.healthy, told.address, told.health, told.output) == (
        False, "mail.example:80", "fail", "refused",
    )  # fmt: skip
    entries.pop(sick.id)
    assert not reported(Survey(world.observed(), entries), outside).healthy


def test_a_database_is_well_only_with_a_service_that_says_so(found: Survey) -> None:
    assert "shop-orders-db" in healthy(found)
    sick = made_entry(made_entry(found, "shop-orders-1", "fail"), "shop-orders-2", "fail")
    assert "shop-orders-db" not in healthy(sick)
    assert healthy(Survey(found.observed, None)) == frozenset()


def test_a_stopped_container_is_not_well_whatever_its_entry_says(found: Survey) -> None:
    stopped = with_container(found, "shop-web-1", state="exited", exit_code=0)
    assert "shop-web-1" not in healthy(stopped)


def test_a_circuit_is_read_as_the_gateway_lists_it() -> None:
    values = {
        "caller": "gateway",
        "callee": "orders",
        "state": "open",
        "failure_rate": 0.6,
        "calls": 20,
        "cause": "connection refused",
        "retry_at": "2026-01-02T12:00:08Z",
    }
    found = circuit_status(values)
    assert (found.state, found.calls, found.cause) == ("open", 20, "connection refused")
    assert found.retry_at == datetime(2026, 1, 2, 12, 0, 8, tzinfo=UTC)
    assert circuit_status({**values, "retry_at": None}).retry_at is None


def test_reading_asks_engine_and_registry_and_survives_a_silent_gateway(stage: Stage, up: UpCase) -> None:
    up(shop())
    made = status(stage.engine, stage.access(), shop())
    assert made.healthy
    assert made.engine == "memory"
    assert made.circuits == ()
    assert any("admin endpoint" in note for note in made.notes)


def test_what_an_up_with_nothing_to_do_found_is_not_asked_for_again(
    stage: Stage, up: UpCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert up(shop()).found is None
    seen = up(shop()).found
    assert seen is not None
    whole = status(stage.engine, stage.access(), shop(), lambda: NOW)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("asked for again")

    monkeypatch.setattr(stage.engine, "observe", refuse)
    monkeypatch.setattr(stage.registry, "health", refuse)
    assert status(stage.engine, stage.access(), shop(), lambda: NOW, seen=seen) == whole


def test_a_container_that_goes_meanwhile_is_told_as_missing(stage: Stage, up: UpCase) -> None:
    up(shop())
    seen = up(shop()).found
    stage.engine.remove_container(Identity("shop", stage.workspace.origin), "shop-web-1")
    web = status(stage.engine, stage.access(), shop(), lambda: NOW, seen=seen).services[3].instances[0]
    assert (web.state, web.health) == ("missing", "fail")


def reported(found: Survey, declared: Project | None = None) -> StatusReport:
    return report(declared or shop(), found, (), "docker", NOW)


def with_container(found: Survey, name: str, **changes: object) -> Survey:
    containers = tuple(_changed(c, changes) if c.name == name else c for c in found.observed.containers)
    return replace(found, observed=replace(found.observed, containers=containers))


def without_container(found: Survey, name: str) -> Survey:
    containers = tuple(c for c in found.observed.containers if c.name != name)
    return replace(found, observed=replace(found.observed, containers=containers))


def made_entry(found: Survey, name: str, check: str) -> Survey:
    entry = (found.entries or {})[name]
    output = "" if check == "pass" else "503 no"
    changed = InstanceHealth(name, entry.name, entry.address, entry.port, check, output)  # type: ignore[arg-type]
    return replace(found, entries={**(found.entries or {}), name: changed})


def _changed(container: ObservedContainer, changes: dict[str, object]) -> ObservedContainer:
    return replace(container, **changes)  # type: ignore[arg-type]
