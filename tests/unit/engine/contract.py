"""What every engine must do; run on the in-memory double and on Docker."""

from __future__ import annotations

import hashlib
import threading
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC
from typing import Literal

import pytest

from msctl import labels
from msctl.engine.port import Engine, Identity
from msctl.errors import EngineError, ImageError, NameConflict, ObjectMissing, PortTaken, SubnetTaken
from msctl.model.desired import (
    Attachment,
    ContainerSpec,
    Mount,
    NetworkSpec,
    PortBinding,
    SecretFile,
    VolumeSpec,
)
from msctl.model.secret import Secret

Kind = Literal["container", "network", "volume"]


class EngineContract(ABC):
    """Subclasses say where the engine, the image and strangers' objects come from.

    A fixture ``identity`` gives each test a project of its own.
    """

    @pytest.fixture
    @abstractmethod
    def engine(self) -> Engine:
        """The engine under test."""

    @pytest.fixture
    @abstractmethod
    def image(self) -> str:
        """An image whose command sleeps."""

    @pytest.fixture
    @abstractmethod
    def subnet(self) -> str:
        """A free /24."""

    @pytest.fixture
    @abstractmethod
    def free_port(self) -> int:
        """A host port nobody uses."""

    @abstractmethod
    def make_foreign(self, engine: Engine, identity: Identity, image: str, kind: Kind, name: str) -> None:
        """Make a stranger's object called ``name``; it is swept with the project."""

    @abstractmethod
    def foreign_exists(self, engine: Engine, identity: Identity, kind: Kind, name: str) -> bool:
        """Whether the stranger's object is still there."""

    def test_an_unknown_project_is_empty(self, engine: Engine, identity: Identity) -> None:
        found = engine.observe(identity.project)
        assert (found.containers, found.networks, found.volumes) == ((), (), ())

    def test_facts_describe_the_engine(self, engine: Engine) -> None:
        facts = engine.facts()
        assert facts.name
        assert (facts.name, facts.local) == (engine.name, engine.local)
        assert facts.version
        assert facts.cpus > 0
        assert facts.memory > 0

    def test_a_container_is_created_and_started(self, engine: Engine, identity: Identity, image: str) -> None:
        spec = _spec(identity, image)
        engine.create_container(identity, spec, "h1", {})
        created = engine.observe(identity.project).container(spec.name)
        assert created is not None
        assert created.state == "created"
        started = engine.start_container(identity, spec.name)
        assert started.state == "running"
        assert started.started_at is not None
        assert started.started_at.tzinfo is UTC
        assert started.exit_code is None

    def test_labels_come_back_as_values(self, engine: Engine, identity: Identity, image: str) -> None:
        spec = _spec(identity, image)
        engine.create_container(identity, spec, "h1", {})
        found = engine.inspect(spec.name)
        assert (found.role, found.service, found.instance) == ("service", "orders", 1)
        assert (found.config_hash, found.origin) == ("h1", identity.origin)
        assert found.labels[labels.PROJECT] == identity.project
        assert found.image == image

    def test_starting_and_stopping_twice_is_fine(
        self, engine: Engine, identity: Identity, image: str
    ) -> None:
        spec = _running(engine, identity, image)
        engine.start_container(identity, spec.name)
        for _ in range(2):
            engine.stop_container(identity, spec.name, 0)
        stopped = engine.inspect(spec.name)
        assert stopped.state == "exited"
        assert stopped.exit_code is not None
        assert stopped.finished_at is not None

    def test_what_took_a_listed_containers_place_is_what_is_meant(
        self, engine: Engine, identity: Identity, image: str
    ) -> None:
        spec = _running(engine, identity, image)
        before = engine.observe(identity.project).containers
        engine.remove_container(identity, spec.name)
        again = _running(engine, identity, image)
        engine.stop_container(identity, again.name, 0)
        assert engine.inspect(again.name).state == "exited"
        assert engine.inspect(again.name).id not in {container.id for container in before}
        engine.remove_container(identity, again.name)
        assert engine.observe(identity.project).containers == ()

    def test_absent_objects_may_be_removed(self, engine: Engine, identity: Identity) -> None:
        engine.remove_container(identity, f"{identity.project}-none")
        engine.stop_container(identity, f"{identity.project}-none", 1)
        engine.remove_network(identity, f"{identity.project}-none")
        engine.remove_volume(identity, f"{identity.project}-none")

    def test_absent_containers_are_missing(self, engine: Engine, identity: Identity) -> None:
        name = f"{identity.project}-none"
        with pytest.raises(ObjectMissing):
            engine.inspect(name)
        with pytest.raises(ObjectMissing):
            engine.start_container(identity, name)
        with pytest.raises(ObjectMissing):
            engine.signal_container(identity, name, "SIGHUP")
        with pytest.raises(ObjectMissing):
            engine.execute(name, ["true"], timeout=5)
        with pytest.raises(ObjectMissing):
            engine.logs(name)
        with pytest.raises(ObjectMissing):
            engine.read_secret_digests(name)
        with pytest.raises(ObjectMissing):
            engine.read_secrets_stamp(name)

    def test_a_second_container_of_a_name_is_refused(
        self, engine: Engine, identity: Identity, image: str
    ) -> None:
        spec = _spec(identity, image, secrets=(SecretFile("token", Secret("one")),))
        engine.create_container(identity, spec, "h1", {})
        engine.start_container(identity, spec.name)
        with pytest.raises(EngineError) as caught:
            engine.create_container(identity, spec, "h2", {})
        assert not isinstance(caught.value, NameConflict)
        assert engine.inspect(spec.name).config_hash == "h1"
        assert engine.read_secret_digests(spec.name) == {"token": _digest("one")}

    def test_what_a_killed_command_left_unstarted_is_made_anew(
        self, engine: Engine, identity: Identity, image: str
    ) -> None:
        engine.create_container(identity, _spec(identity, image), "h1", {})
        spec = _spec(identity, image, secrets=(SecretFile("token", Secret("two")),))
        engine.create_container(identity, spec, "h2", {})
        assert engine.inspect(spec.name).config_hash == "h2"
        assert engine.read_secret_digests(spec.name) == {"token": _digest("two")}

    def test_an_unstarted_container_of_another_checkout_is_left_alone(
        self, engine: Engine, identity: Identity, image: str
    ) -> None:
        spec = _spec(identity, image)
        engine.create_container(Identity(identity.project, "elsewhere"), spec, "h1", {})
        with pytest.raises(EngineError):
            engine.create_container(identity, spec, "h2", {})
        assert engine.inspect(spec.name).config_hash == "h1"

    def test_a_missing_image_is_said_and_leaves_nothing(self, engine: Engine, identity: Identity) -> None:
        spec = _spec(identity, "msctl-test/absent:1", secrets=(SecretFile("token", Secret("x")),))
        with pytest.raises(ImageError):
            engine.create_container(identity, spec, "h", {})
        found = engine.observe(identity.project)
        assert (found.containers, found.volumes) == ((), ())

    def test_a_failure_midway_leaves_nothing(self, engine: Engine, identity: Identity, image: str) -> None:
        spec = _spec(
            identity,
            image,
            secrets=(SecretFile("token", Secret("x")),),
            attachments=(Attachment(identity.project), Attachment(f"{identity.project}-absent")),
        )
        engine.create_network(identity, NetworkSpec(identity.project, "project"), None)
        with pytest.raises(ObjectMissing):
            engine.create_container(identity, spec, "h", {})
        found = engine.observe(identity.project)
        assert (found.containers, found.volumes) == ((), ())

    @pytest.mark.parametrize("kind", ["container", "network", "volume"])
    def test_foreign_objects_are_seen_and_never_touched(
        self, engine: Engine, identity: Identity, image: str, kind: Kind
    ) -> None:
        name = f"{identity.project}-foreign"
        self.make_foreign(engine, identity, image, kind, name)
        found = engine.observe(identity.project)
        seen = {
            "container": found.foreign_containers,
            "network": found.foreign_networks,
            "volume": found.foreign_volumes,
        }
        assert name in seen[kind]
        with pytest.raises(NameConflict, match=name):
            _create(engine, identity, image, kind, name)
        _attack(engine, identity, kind, name)
        assert self.foreign_exists(engine, identity, kind, name)

    def test_a_foreign_volume_in_the_place_of_secrets_is_a_conflict(
        self, engine: Engine, identity: Identity, image: str
    ) -> None:
        spec = _spec(identity, image, secrets=(SecretFile("token", Secret("x")),))
        volume = labels.secrets_volume(spec.name)
        self.make_foreign(engine, identity, image, "volume", volume)
        with pytest.raises(NameConflict, match=volume):
            engine.create_container(identity, spec, "h", {})
        engine.remove_container(identity, spec.name)
        assert self.foreign_exists(engine, identity, "volume", volume)

    def test_networks_and_volumes_carry_labels(self, engine: Engine, identity: Identity, subnet: str) -> None:
        network = NetworkSpec(identity.project, "project", addressed=True)
        volume = VolumeSpec(f"{identity.project}-data", "database", "orders", "recipe")
        for _ in range(2):
            engine.create_network(identity, network, subnet)
            engine.create_volume(identity, volume)
        found = engine.observe(identity.project)
        assert [n.name for n in found.networks] == [network.name]
        assert found.networks[0].subnet == subnet
        assert found.networks[0].labels[labels.ROLE] == "project"
        assert [v.name for v in found.volumes] == [volume.name]
        assert found.volumes[0].labels[labels.IMAGE_KIND] == "recipe"
        assert found.volumes[0].labels[labels.SERVICE] == "orders"
        assert subnet in found.subnets

    def test_an_overlapping_subnet_can_be_told_from_other_failures(
        self, engine: Engine, identity: Identity, subnet: str
    ) -> None:
        engine.create_network(identity, NetworkSpec(identity.project, "project"), subnet)
        with pytest.raises(SubnetTaken):
            engine.create_network(identity, NetworkSpec(f"{identity.project}-b", "database"), subnet)

    def test_racing_callers_end_with_one_network(self, engine: Engine, identity: Identity) -> None:
        callers = 8
        barrier = threading.Barrier(callers)

        def create(_: int) -> None:
            barrier.wait()
            engine.create_network(identity, NetworkSpec(identity.project, "project"), None)

        with ThreadPoolExecutor(callers) as pool:
            list(pool.map(create, range(callers)))
        assert len(engine.observe(identity.project).networks) == 1

    def test_addresses_and_ports_are_reported(
        self, engine: Engine, identity: Identity, image: str, subnet: str, free_port: int
    ) -> None:
        engine.create_network(identity, NetworkSpec(identity.project, "project", addressed=True), subnet)
        engine.create_network(identity, NetworkSpec(f"{identity.project}-db", "database"), None)
        fixed = subnet.replace(".0/24", ".7")
        spec = _spec(
            identity,
            image,
            attachments=(Attachment(f"{identity.project}-db"), Attachment(identity.project, ("orders",))),
            ports=(PortBinding(8000), PortBinding(8081, host_port=free_port)),
        )
        engine.create_container(identity, spec, "h", {identity.project: fixed})
        started = engine.start_container(identity, spec.name)
        assert started.addresses[identity.project] == fixed
        assert set(started.addresses) == {identity.project, f"{identity.project}-db"}
        assert started.ports[8081] == ("127.0.0.1", free_port)
        assert started.ports[8000][0] == "127.0.0.1"
        assert started.ports[8000][1] > 0
        listed = engine.observe(identity.project).container(spec.name)
        assert listed is not None
        assert listed.ports == started.ports
        assert listed.addresses == started.addresses
        engine.stop_container(identity, spec.name, 0)
        stopped = engine.observe(identity.project).container(spec.name)
        assert stopped is not None
        assert stopped.addresses == {identity.project: fixed}

    def test_a_taken_port_names_port_and_container(
        self, engine: Engine, identity: Identity, image: str, free_port: int
    ) -> None:
        engine.create_network(identity, NetworkSpec(identity.project, "project"), None)
        names = []
        for instance in (1, 2):
            spec = _spec(
                identity,
                image,
                instance=instance,
                attachments=(Attachment(identity.project),),
                ports=(PortBinding(8000, host_port=free_port),),
            )
            engine.create_container(identity, spec, "h", {})
            names.append(spec.name)
        engine.start_container(identity, names[0])
        with pytest.raises(PortTaken, match=rf"{names[1]}.*{free_port}"):
            engine.start_container(identity, names[1])
        assert engine.inspect(names[1]).state == "created"

    def test_secrets_are_delivered_and_replaced(self, engine: Engine, identity: Identity, image: str) -> None:
        files = (SecretFile("token", Secret("one"), live=True), SecretFile("url", Secret("two")))
        spec = _running(engine, identity, image, secrets=files)
        assert engine.read_secret_digests(spec.name) == {
            "token": _digest("one"),
            "url": _digest("two"),
        }
        engine.deliver_secrets(identity, spec.name, (SecretFile("token", Secret("new")),))
        engine.deliver_secrets(identity, spec.name, (SecretFile("token", Secret("newer")),))
        assert engine.read_secret_digests(spec.name) == {"token": _digest("newer"), "url": _digest("two")}

    def test_a_delivery_changes_the_stamp_of_the_secrets_and_nothing_else_does(
        self, engine: Engine, identity: Identity, image: str
    ) -> None:
        spec = _running(engine, identity, image, secrets=(SecretFile("token", Secret("one"), live=True),))
        stamps = [engine.read_secrets_stamp(spec.name)]
        engine.read_secret_digests(spec.name)
        engine.stop_container(identity, spec.name, 1.0)
        engine.start_container(identity, spec.name)
        assert engine.read_secrets_stamp(spec.name) == stamps[0]
        for content in ("two", "six", "six"):
            engine.deliver_secrets(identity, spec.name, (SecretFile("token", Secret(content)),))
            stamps.append(engine.read_secrets_stamp(spec.name))
        engine.remove_container(identity, spec.name)
        engine.create_container(identity, spec, "h", {})
        stamps.append(engine.read_secrets_stamp(spec.name))
        assert len(set(stamps)) == len(stamps)
        engine.create_container(identity, without := _spec(identity, image, instance=2), "h", {})
        assert engine.read_secrets_stamp(without.name) == engine.read_secrets_stamp(without.name)

    def test_secrets_of_several_are_filled_before_their_containers_are_made(
        self, engine: Engine, identity: Identity, image: str
    ) -> None:
        specs = [
            replace(
                _spec(identity, image, instance=n, secrets=(SecretFile("token", Secret(f"s{n}")),)),
                user="10:10",
            )
            for n in (1, 2, 3)
        ]
        assert engine.fill_secrets(identity, specs) == {spec.name for spec in specs}
        found = engine.observe(identity.project)
        assert found.containers == ()
        assert {v.name for v in found.volumes} == {f"{spec.name}-secrets" for spec in specs}
        for spec in specs:
            engine.create_container(identity, spec, "h", {}, filled=True)
        assert [engine.read_secret_digests(spec.name)["token"] for spec in specs] == [
            _digest(f"s{n}") for n in (1, 2, 3)
        ]
        engine.remove_container(identity, specs[0].name)
        assert f"{specs[0].name}-secrets" not in {v.name for v in engine.observe(identity.project).volumes}

    def test_a_foreign_volume_in_the_place_of_secrets_is_not_filled(
        self, engine: Engine, identity: Identity, image: str
    ) -> None:
        spec = replace(_spec(identity, image, secrets=(SecretFile("token", Secret("x")),)), user="10:10")
        volume = labels.secrets_volume(spec.name)
        self.make_foreign(engine, identity, image, "volume", volume)
        with pytest.raises(NameConflict):
            engine.fill_secrets(identity, [spec])
        assert self.foreign_exists(engine, identity, "volume", volume)

    def test_secrets_survive_a_restart_and_go_with_the_container(
        self, engine: Engine, identity: Identity, image: str
    ) -> None:
        spec = _running(engine, identity, image, secrets=(SecretFile("token", Secret("one")),))
        engine.stop_container(identity, spec.name, 0)
        engine.deliver_secrets(identity, spec.name, (SecretFile("token", Secret("two")),))
        engine.start_container(identity, spec.name)
        assert engine.read_secret_digests(spec.name) == {"token": _digest("two")}
        assert [v.name for v in engine.observe(identity.project).volumes] == [f"{spec.name}-secrets"]
        engine.remove_container(identity, spec.name)
        found = engine.observe(identity.project)
        assert (found.containers, found.volumes) == ((), ())

    def test_a_container_without_secrets_takes_none(
        self, engine: Engine, identity: Identity, image: str
    ) -> None:
        spec = _running(engine, identity, image)
        with pytest.raises(EngineError, match=spec.name):
            engine.deliver_secrets(identity, spec.name, (SecretFile("token", Secret("x")),))

    def test_data_volumes_outlive_containers(self, engine: Engine, identity: Identity, image: str) -> None:
        volume = f"{identity.project}-data"
        engine.create_volume(identity, VolumeSpec(volume, "database"))
        spec = _running(engine, identity, image, mounts=(Mount(volume, "/data"),))
        engine.remove_container(identity, spec.name)
        assert [v.name for v in engine.observe(identity.project).volumes] == [volume]
        engine.remove_volume(identity, volume)
        assert engine.observe(identity.project).volumes == ()

    def test_commands_need_a_running_container(self, engine: Engine, identity: Identity, image: str) -> None:
        spec = _spec(identity, image)
        engine.create_container(identity, spec, "h", {})
        with pytest.raises(EngineError, match="not running"):
            engine.execute(spec.name, ["true"], timeout=5)


def _create(engine: Engine, identity: Identity, image: str, kind: Kind, name: str) -> None:
    if kind == "container":
        spec = ContainerSpec(name=name, role="service", image=image, image_identity=image)
        engine.create_container(identity, spec, "h", {})
    elif kind == "network":
        engine.create_network(identity, NetworkSpec(name, "project"), None)
    else:
        engine.create_volume(identity, VolumeSpec(name, "database"))


def _attack(engine: Engine, identity: Identity, kind: Kind, name: str) -> None:
    if kind == "network":
        engine.remove_network(identity, name)
    elif kind == "volume":
        engine.remove_volume(identity, name)
    else:
        with pytest.raises(NameConflict, match=name):
            engine.remove_container(identity, name)
        with pytest.raises(NameConflict, match=name):
            engine.stop_container(identity, name, 0)
        with pytest.raises(NameConflict, match=name):
            engine.start_container(identity, name)
        with pytest.raises(NameConflict, match=name):
            engine.signal_container(identity, name, "SIGTERM")
        with pytest.raises(NameConflict, match=name):
            engine.deliver_secrets(identity, name, ())


def _running(
    engine: Engine,
    identity: Identity,
    image: str,
    *,
    secrets: tuple[SecretFile, ...] = (),
    mounts: tuple[Mount, ...] = (),
) -> ContainerSpec:
    spec = _spec(identity, image, secrets=secrets, mounts=mounts)
    engine.create_container(identity, spec, "h", {})
    engine.start_container(identity, spec.name)
    return spec


def _spec(
    identity: Identity,
    image: str,
    *,
    instance: int = 1,
    secrets: tuple[SecretFile, ...] = (),
    attachments: tuple[Attachment, ...] = (),
    mounts: tuple[Mount, ...] = (),
    ports: tuple[PortBinding, ...] = (),
) -> ContainerSpec:
    return ContainerSpec(
        name=labels.container(identity.project, "orders", instance),
        role="service",
        image=image,
        image_identity=image,
        service="orders",
        instance=instance,
        secrets=secrets,
        attachments=attachments,
        mounts=mounts,
        ports=ports,
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
