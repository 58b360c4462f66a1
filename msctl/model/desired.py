"""What should run on the engine, as values: the input of the planner, in the engine port's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from msctl.model.secret import Secret

Role = Literal[
    "service", "database", "registry", "broker", "gateway", "auth", "agent", "observer", "metrics", "task"
]


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """A network; ``addressed`` asks for an explicit free subnet, so that addresses in it can be fixed."""

    name: str
    role: Literal["project", "database"]
    service: str | None = None
    addressed: bool = False


@dataclass(frozen=True, slots=True)
class VolumeSpec:
    """A data volume that outlives containers; ``image_kind`` says which kind of image may use it."""

    name: str
    role: Role
    service: str | None = None
    image_kind: str | None = None


@dataclass(frozen=True, slots=True)
class Mount:
    """A volume's place in a container."""

    volume: str
    target: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class PortBinding:
    """A published port; ``host_port`` ``None`` lets the engine choose a free one."""

    container_port: int
    host_address: str = "127.0.0.1"
    host_port: int | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A network a container joins; ``host_index`` asks for that fixed host number in an addressed network."""

    network: str
    aliases: tuple[str, ...] = ()
    host_index: int | None = None


@dataclass(frozen=True, slots=True)
class SecretFile:
    """A file under /run/secrets, mode 0400, owned by the container's user.

    ``live`` files are replaced in the running container when they change (its process is told by
    ``ContainerSpec.reload``); a change of any other file recreates the container.
    """

    name: str
    content: Secret
    live: bool = False


@dataclass(frozen=True, slots=True)
class Build:
    """A service image made from a folder; ``reference`` is already its content's name."""

    service: str
    context: Path
    reference: str


@dataclass(frozen=True, slots=True)
class Probe:
    """How to ask a container whether it is ready.

    ``http``: GET ``path`` answers 2xx · ``tcp``: accepts · ``amqp``: greets · ``exec``: ``command`` exits 0
    (it runs in the container itself, once for each question).
    """

    kind: Literal["http", "tcp", "amqp", "exec"]
    port: int = 0
    path: str = "/"
    command: tuple[str, ...] = ()
    interval: float = 2.0
    timeout: float = 1.0


@dataclass(frozen=True, slots=True)
class ImageFact:
    """An image a container can be made from; equal ``identity`` means equal content.

    ``kind`` and ``version`` of a database image stay on the data volume it made. What runs in one that
    ``waits`` does so for its database by itself.
    """

    reference: str
    identity: str
    kind: str = "service"
    version: str = ""
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Registration:
    """A Consul entry for a container: name, port and check (the probe of its container)."""

    name: str
    port: int
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """One container as it should be.

    ``needs`` are names of containers that must be healthy before this one starts, or, when it ``waits``
    for them by itself, before it can be ready. ``image`` is a
    local reference and ``image_identity`` what makes two images equal (an id or a content hash).
    ``user`` is ``uid:gid``, ``None``: the image's own. ``dns`` lists resolvers by attachment
    host index (``"@2"``: host 2 of the project network). ``tmpfs`` maps paths to options.
    ``provision`` is a command, fit to be repeated, that is run in the container as soon as it is ready.
    ``reload`` is the signal that makes the process read its live files again, ``reload_command`` a
    command run in the container to the same end. ``liveness`` is the question whose lack of an answer means
    that the process hangs. ``engine_socket`` puts the engine's own socket at /var/run/docker.sock.
    ``attached`` says who will sit at its input. ``event_schemas`` are kept as a label.
    """

    name: str
    role: Role
    image: str
    image_identity: str
    service: str | None = None
    instance: int | None = None
    command: tuple[str, ...] = ()
    user: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[SecretFile, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    mounts: tuple[Mount, ...] = ()
    ports: tuple[PortBinding, ...] = ()
    tmpfs: Mapping[str, str] = field(default_factory=dict)
    dns: tuple[str, ...] = ()
    dns_search: tuple[str, ...] = ()
    hostname: str | None = None
    read_only: bool = False
    memory: int | None = None
    cpus: float | None = None
    cpu_shares: int | None = None
    stop_signal: str | None = None
    stop_grace: float = 10.0
    reload: str | None = None
    reload_command: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    waits: bool = False
    probe: Probe | None = None
    provision: tuple[str, ...] = ()
    registration: Registration | None = None
    self_registers: bool = False
    event_schemas: str = ""
    liveness: Probe | None = None
    engine_socket: bool = False
    attached: Literal["terminal", "pipe"] | None = None


@dataclass(frozen=True, slots=True)
class Desired:
    """Everything a project should have on its engine.

    ``externals`` maps the entries of services that run elsewhere to these services.
    """

    project: str
    networks: tuple[NetworkSpec, ...] = ()
    volumes: tuple[VolumeSpec, ...] = ()
    builds: tuple[Build, ...] = ()
    containers: tuple[ContainerSpec, ...] = ()
    externals: Mapping[str, str] = field(default_factory=dict)
