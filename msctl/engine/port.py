"""The engine port: everything msctl asks of a container engine.

Two implementations exist: ``docker.DockerEngine`` and ``memory.MemoryEngine`` (an in-memory double);
the same contract tests run on both. All methods are thread-safe and blocking. They raise
``msctl.errors.EngineError`` and its children, nothing else. No method changes or removes an object
without the project's label: on a foreign container it raises ``NameConflict``, a foreign network or
volume it leaves alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from msctl.model.desired import ContainerSpec, NetworkSpec, SecretFile, VolumeSpec
    from msctl.model.observed import Observed, ObservedContainer


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose objects these are; becomes labels on everything that is created."""

    project: str
    origin: str


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What the engine says of itself; ``name`` and ``local`` are as with ``Engine``.

    ``root`` is the folder of its data, ``time`` its clock when it was asked, ``image_registry`` the host that
    it pulls from unless a reference says otherwise.
    """

    name: str
    version: str
    cpus: int
    memory: int
    local: bool
    root: str | None = None
    time: datetime | None = None
    image_registry: str | None = None


@dataclass(frozen=True, slots=True)
class ExecResult:
    """Outcome of a command run in a container; ``output`` is stdout and stderr as they came."""

    exit_code: int
    output: str


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line a container wrote, without its newline; ``time`` is the engine's stamp in UTC."""

    container: str
    time: datetime
    stream: str
    text: str


@dataclass(frozen=True, slots=True)
class EngineEvent:
    """Something happened to a container: ``action`` is start, die, oom, destroy, …"""

    container: str
    action: str
    time: datetime
    attributes: Mapping[str, str]


class Stream(Protocol):
    """A two-way byte stream to a command that runs in a container."""

    def send(self, data: bytes) -> None:
        """Write all of ``data`` to the command's stdin."""

    def end_input(self) -> None:
        """Close the command's stdin and go on reading; an engine reached by TLS ends the stream with it."""

    def receive(self) -> bytes:
        """Next bytes of the command's stdout; empty at its end.

        A command that ends with words on stderr raises ``EngineError`` with them.
        """

    def exit_code(self) -> int | None:
        """The command's, once ``receive`` came to its end; nothing for one that still runs."""

    def close(self) -> None:
        """End the stream and, with it, the command's stdin; idempotent, callable from another thread."""


class LogLines(Iterator[LogLine], Protocol):
    """Lines of a log as they come."""

    def close(self) -> None:
        """End the iteration, also while another thread waits for the next line; idempotent."""


class Engine(Protocol):
    """A container engine."""

    @property
    def name(self) -> str:
        """Its kind, known without asking it."""

    @property
    def local(self) -> bool:
        """Whether its published loopback ports are ours, known without asking it."""

    def facts(self) -> EngineFacts:
        """Version and size; raises ``EngineUnavailable`` when nothing answers."""

    def observe(self, project: str) -> Observed:
        """Everything of ``project`` now; only ``inspect`` tells exit codes, restarts and times."""

    def containers(self, project: str) -> tuple[ObservedContainer, ...]:
        """The containers of ``project`` now, by name: a third of what ``observe`` costs."""

    def inspect(self, name: str) -> ObservedContainer:
        """One container in detail; raises ``ObjectMissing``."""

    def create_network(self, identity: Identity, spec: NetworkSpec, subnet: str | None) -> None:
        """Create it; exactly one network of this name exists afterwards, also when two callers race.

        Present and ours is fine, present and foreign is ``NameConflict``. Raises ``SubnetTaken`` when
        ``subnet`` overlaps another network.
        """

    def remove_network(self, identity: Identity, name: str) -> None:
        """Remove it; absent is fine."""

    def create_volume(self, identity: Identity, spec: VolumeSpec) -> None:
        """Create it; present and ours is fine, present and foreign is ``NameConflict``."""

    def remove_volume(self, identity: Identity, name: str) -> None:
        """Remove it and its data; absent is fine."""

    def fill_secrets(self, identity: Identity, specs: Sequence[ContainerSpec]) -> frozenset[str]:
        """Put the secrets of containers that are yet to be created into their volumes, all at once.

        Returns the names of the containers whose secrets are there now; the others, if any, get theirs
        when they are created. What a failure leaves is made anew by ``create_container``.
        """

    def create_container(
        self,
        identity: Identity,
        spec: ContainerSpec,
        config_hash: str,
        addresses: Mapping[str, str],
        *,
        filled: bool = False,
    ) -> None:
        """Create, with its secrets delivered, without starting; ``addresses`` maps network to fixed IPv4.

        ``filled`` says that ``fill_secrets`` delivered them just before.
        One of ours of that name that never started is what a killed command left, and is made anew. Raises
        ``NameConflict`` for a foreign container of that name, ``EngineError`` for one of ours that ran,
        ``ImageError`` when the engine lacks the image. A failure leaves nothing behind.
        """

    def start_container(self, identity: Identity, name: str) -> ObservedContainer:
        """Start it and return it with its addresses and ports; raises ``PortTaken``.

        A container that cannot start stays created.
        """

    def deliver_secrets(self, identity: Identity, name: str, files: Sequence[SecretFile]) -> None:
        """Replace files under /run/secrets of a created or running container, each one whole.

        A reader never sees half a file; on Docker it may for an instant see none: it tries again. The
        container must have been created with at least one secret.
        """

    def read_secret_digests(self, name: str) -> Mapping[str, str]:
        """SHA-256 of each file under /run/secrets, as hex; raises ``ObjectMissing``."""

    def read_secrets_stamp(self, name: str) -> str:
        """Another text whenever files under /run/secrets were delivered; raises ``ObjectMissing``.

        Far cheaper than their digests. What a process writes into one of them in place leaves it as it is.
        """

    def copy_files(self, identity: Identity, name: str, archive: bytes) -> None:
        """Unpack a tar archive over the working folder of a container, running or not.

        Raises ``EngineError`` where its root is read-only.
        """

    def stop_container(
        self, identity: Identity, name: str, grace: float, *, stays_down: bool = False
    ) -> None:
        """Stop signal, then kill after ``grace`` seconds; not running and absent are fine.

        ``stays_down``: nobody is to start it by himself until ``start_container``.
        """

    def signal_container(self, identity: Identity, name: str, signal: str) -> None:
        """Send a signal such as ``SIGHUP``."""

    def remove_container(self, identity: Identity, name: str) -> None:
        """Remove it by force together with its secrets volume; absent is fine."""

    def execute(
        self,
        name: str,
        command: Sequence[str],
        *,
        timeout: float,
        user: str | None = None,
        stdin: bytes | None = None,
    ) -> ExecResult:
        """Run a command in a running container and wait for it; at most 1 MiB of output is kept.

        Raises ``CommandTimeout`` after ``timeout`` seconds; the command itself may go on. A command that
        is not there has exit code 126 or 127.
        """

    def open_stream(self, name: str, command: Sequence[str]) -> Stream:
        """Start a command in a running container and talk to it through stdin and stdout."""

    def logs(
        self,
        name: str,
        *,
        follow: bool = False,
        tail: int | None = None,
        since: datetime | None = None,
    ) -> LogLines:
        """Lines of one container (a name or an id) in order; pieces of a line that the engine cut are joined.

        ``follow`` goes on until the container ends or the lines are closed. ``since`` includes its moment.
        """

    def events(self, project: str, stop: StopSignal) -> Iterator[EngineEvent]:
        """Life and death of the project's containers from this call on, until ``stop`` is set."""

    def ping(self) -> None:
        """Return if the engine answers, raise ``EngineUnavailable`` otherwise."""


class StopSignal(Protocol):
    """Something like ``threading.Event`` that ends a long-running iteration."""

    def is_set(self) -> bool:
        """Whether to stop."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for it at most ``timeout`` seconds."""
