"""Single operations of ``up`` and what they do when the engine or the registry will not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import pytest

from msctl.engine.port import ExecResult, Identity
from msctl.errors import EngineError, ImageError, RegistryError, SubnetTaken
from msctl.model.desired import Attachment, ContainerSpec, NetworkSpec, Probe, SecretFile
from msctl.model.secret import Secret
from msctl.orchestrator.actions import Actions
from msctl.orchestrator.deaths import Deaths
from msctl.orchestrator.probing import Prober
from msctl.orchestrator.readiness import Readiness
from msctl.orchestrator.removals import Removals
from msctl.plan.confighash import content_digest
from msctl.plan.livefiles import is_mark, live_file
from msctl.plan.operations import (
    AwaitReady,
    AwaitRegistered,
    CreateContainer,
    CreateNetwork,
    RemoveContainer,
    UpdateFiles,
)
from tests.unit.orchestrator.stage import Stage

IDENTITY = Identity("shop", "here")
NETWORK = CreateNetwork(subject="shop", spec=NetworkSpec("shop", "project", addressed=True), reason="missing")
REGISTRY = ContainerSpec("shop-registry", "registry", "i", "i", attachments=(Attachment("shop", (), 2),))
WEB = ContainerSpec(
    "shop-web-1", "service", "i", "i", service="web", attachments=(Attachment("shop", (), 16),)
)


def test_the_projects_network_gets_a_free_subnet(stage: Stage) -> None:
    run = actions(stage)
    stage.engine.create_network(Identity("other", "there"), NetworkSpec("x", "project"), "10.192.0.0/22")
    assert run.run(NETWORK) == "10.192.4.0/22"


def test_a_subnet_taken_meanwhile_is_left_for_the_next(stage: Stage) -> None:
    stage.engine.script.fail("create_network", "shop", SubnetTaken("overlaps"), times=3)
    assert actions(stage).run(NETWORK) == "10.192.12.0/22"


def test_subnets_are_not_tried_for_ever(stage: Stage) -> None:
    stage.engine.script.fail("create_network", "shop", SubnetTaken("overlaps"), times=1000)
    with pytest.raises(EngineError, match="no free subnet"):
        actions(stage).run(NETWORK)
    assert len(stage.engine.script.calls) < 100


def test_containers_are_given_their_addresses_in_it(stage: Stage) -> None:
    run = actions(stage)
    run.run(NETWORK)
    assert run.run(creation(WEB)) == "10.192.0.16"


def test_a_container_without_an_image_leaves_nothing(stage: Stage) -> None:
    run = actions(stage)
    run.run(NETWORK)
    stage.engine.script.images = set()
    with pytest.raises(ImageError):
        run.run(creation(WEB))
    assert stage.ids() == {}


def test_refused_files_are_told(stage: Stage) -> None:
    spec = ContainerSpec(
        "shop-broker",
        "broker",
        "i",
        "i",
        secrets=(SecretFile("definitions.json", Secret("[]"), live=True),),
        reload_command=("import",),
    )
    run = actions(stage)
    run.run(creation(spec))
    stage.engine.script.answer = refuse
    with pytest.raises(EngineError, match="refused its new files: bad syntax"):
        run.run(UpdateFiles(subject=spec.name, spec=spec, files=spec.secrets, reason="changed"))


def test_an_update_that_was_refused_is_seen_as_not_done(stage: Stage) -> None:
    before, after = live_file("definitions.json", "[]"), live_file("definitions.json", "[1]")
    spec = ContainerSpec("shop-broker", "broker", "i", "i", secrets=before, reload_command=("import",))
    wanted = {file.name: content_digest(file.content) for file in after}
    update = UpdateFiles(subject=spec.name, spec=spec, files=after, reason="changed")
    run = actions(stage)
    run.run(creation(spec))
    stage.engine.script.answer = refuse
    with pytest.raises(EngineError):
        run.run(update)
    assert stage.engine.read_secret_digests(spec.name) != wanted
    stage.engine.script.answer = accept
    run.run(update)
    assert stage.engine.read_secret_digests(spec.name) == wanted


def test_a_database_that_cannot_be_set_up_is_told(stage: Stage) -> None:
    spec = ContainerSpec("shop-web-db", "database", "i", "i", provision=("psql", "-f", "login.sql"))
    run = actions(stage)
    run.run(creation(spec))
    stage.engine.script.answer = refuse
    with pytest.raises(EngineError, match="cannot set up 'shop-web-db': bad syntax"):
        run.run(AwaitReady(subject=spec.name, spec=spec, reason="must be ready"))
    assert stage.engine.script.commands[-1].command == spec.provision


def test_who_does_not_register_itself_is_told_apart_from_who_is_not_ready(stage: Stage) -> None:
    run = actions(stage, timeout=0.1)
    run.run(NETWORK)
    run.run(creation(REGISTRY))
    run.run(creation(WEB))
    with pytest.raises(RegistryError, match="did not register itself") as caught:
        run.run(AwaitRegistered(subject=WEB.name, spec=WEB, reason="registers itself"))
    assert "registration: self" in (caught.value.hint or "")


def test_a_removed_container_was_stopped_in_its_grace(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    graces: dict[str, float] = {}

    def stop(_: Identity, name: str, grace: float) -> None:
        graces[name] = grace

    monkeypatch.setattr(stage.engine, "stop_container", stop)
    run = actions(stage)
    run.run(NETWORK)
    run.run(creation(WEB))
    run.run(RemoveContainer(subject=WEB.name, grace=3.0, reason="taken down"))
    assert graces == {WEB.name: 3.0}
    assert stage.ids() == {}


def test_a_prober_whose_host_was_replaced_asks_again(stage: Stage) -> None:
    gateway = ContainerSpec("shop-gateway", "gateway", "i", "i")
    run = actions(stage)
    run.run(creation(gateway))
    prober = Prober(stage.engine, "shop-gateway")
    try:
        prober.ask("shop-gateway", Probe("http", 8080), "10.192.0.4")
        first = prober.wait("shop-gateway", 20.0)
        assert first is not None
        assert first.ok
        prober.close()
        prober.ask("shop-gateway", Probe("http", 8080), "10.192.0.4")
        again = prober.wait("shop-gateway", 20.0)
        assert again is not None
        assert again.ok
    finally:
        prober.close()


def test_after_its_update_the_broker_is_tidied_before_it_counts_as_done(stage: Stage) -> None:
    before, after = live_file("definitions.json", "[]"), live_file("definitions.json", "[1]")
    spec = ContainerSpec("shop-broker", "broker", "i", "i", secrets=before, reload_command=("import",))
    mark = next(file.name for file in after if is_mark(file))
    seen: list[object] = []

    def upkeep(spec: ContainerSpec) -> tuple[str, ...]:
        seen.append(stage.engine.read_secret_digests(spec.name)[mark])
        return ("queue 'old' was removed",)

    run = actions(stage, upkeep=upkeep)
    run.run(creation(spec))
    unmarked = stage.engine.read_secret_digests(spec.name)[mark]
    told = run.run(UpdateFiles(subject=spec.name, spec=spec, files=after, reason="changed"))
    assert told == "reloaded; queue 'old' was removed"
    assert seen == [unmarked]
    assert stage.engine.read_secret_digests(spec.name)[mark] != unmarked


def actions(
    stage: Stage, *, timeout: float = 20.0, upkeep: Callable[[ContainerSpec], Sequence[str]] = lambda _: ()
) -> Actions:
    stop = threading.Event()
    prober = Prober(stage.engine, "shop-gateway")
    deaths = Deaths(stage.engine, IDENTITY.project)
    readiness = Readiness(
        stage.engine, prober, deaths, stage.sink, timeout=timeout, clock=time.monotonic, stop=stop
    )
    access = stage.access()
    removals = Removals(stage.engine, IDENTITY, access)
    return Actions(
        stage.engine, IDENTITY, access, readiness, removals, lambda _: "", upkeep, timeout=timeout, stop=stop
    )


def creation(spec: ContainerSpec) -> CreateContainer:
    return CreateContainer(subject=spec.name, spec=spec, config_hash="h", reason="missing")


def accept(container: str, command: Sequence[str], stdin: bytes | None) -> ExecResult:
    """Every command succeeds."""
    return ExecResult(0, "")


def refuse(_name: str, _command: Sequence[str], _stdin: bytes | None) -> ExecResult:
    return ExecResult(1, "bad syntax\n")
