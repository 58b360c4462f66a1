"""The operations of a plan: values that say what to do, to what, why, and after what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from msctl.model.desired import Build, ContainerSpec, NetworkSpec, SecretFile, VolumeSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """``subject`` is the object's name, ``after`` the ids of operations that must have succeeded.

    ``service`` names the manifest entry it serves, ``None`` for the platform.
    """

    verb: ClassVar[str] = "do"
    subject: str
    reason: str
    after: tuple[str, ...] = ()
    service: str | None = None

    @property
    def id(self) -> str:
        """Unique in a plan: the verb and the subject."""
        return f"{self.verb} {self.subject}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildImage(Operation):
    """Build a service's image from its folder."""

    verb: ClassVar[str] = "build"
    build: Build


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateNetwork(Operation):
    """Create a network, on a free subnet if it is addressed."""

    verb: ClassVar[str] = "create network"
    spec: NetworkSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateVolume(Operation):
    """Create a data volume."""

    verb: ClassVar[str] = "create volume"
    spec: VolumeSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class FillSecrets(Operation):
    """Put the secrets of containers that are about to be created into their volumes, all at once."""

    verb: ClassVar[str] = "fill secrets of"
    specs: tuple[ContainerSpec, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateContainer(Operation):
    """Create a container, deliver its secrets unless they are there already, and start it."""

    verb: ClassVar[str] = "create"
    spec: ContainerSpec
    config_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartContainer(Operation):
    """Start a container that is right but stopped."""

    verb: ClassVar[str] = "start"
    spec: ContainerSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class StopContainer(Operation):
    """Stop a container within ``grace`` seconds and keep it; ``stays_down``: until somebody starts it."""

    verb: ClassVar[str] = "stop"
    grace: float
    stays_down: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EndContainer(Operation):
    """Have the processes of a container that is to be removed end within ``grace`` seconds.

    What the engine does after that is waited for by the removal only.
    """

    verb: ClassVar[str] = "stop"
    grace: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateFiles(Operation):
    """Replace live files of a running container and tell its process."""

    verb: ClassVar[str] = "update files of"
    spec: ContainerSpec
    files: tuple[SecretFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitReady(Operation):
    """Wait until a container's probe says it is ready, then provision it."""

    verb: ClassVar[str] = "await"
    spec: ContainerSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Register(Operation):
    """Enter a ready container in the registry."""

    verb: ClassVar[str] = "register"
    spec: ContainerSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitRegistered(Operation):
    """Wait until a container that registers itself is passing in the registry."""

    verb: ClassVar[str] = "await registration of"
    spec: ContainerSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitExternal(Operation):
    """Wait a little until a service that runs elsewhere is entered and well; that it is not fails nothing."""

    verb: ClassVar[str] = "look for"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge(Operation):
    """Watch the first instance of a new version for a moment: it must not fail more than the old ones."""

    verb: ClassVar[str] = "judge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deregister(Operation):
    """Take an entry out of the registry, so that no call goes there any more.

    ``grace``: seconds that its calls under way have to end.
    """

    verb: ClassVar[str] = "deregister"
    grace: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeregisterAll(Operation):
    """Take all entries of a project out of its registry; one that cannot be asked keeps them."""

    verb: ClassVar[str] = "deregister"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveContainer(Operation):
    """Stop a container within ``grace`` seconds and remove it with its secrets; ``None``: it was stopped."""

    verb: ClassVar[str] = "remove"
    grace: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveNetwork(Operation):
    """Remove a network."""

    verb: ClassVar[str] = "remove network"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveVolume(Operation):
    """Remove a data volume and everything in it."""

    verb: ClassVar[str] = "remove volume"


@dataclass(frozen=True, slots=True, kw_only=True)
class DropPassword(Operation):
    """Let a database refuse its former password; a plan that is looked at tells it, ``up`` does it last."""

    verb: ClassVar[str] = "drop the former password of"


@dataclass(frozen=True, slots=True)
class Rolling:
    """A service that is updated while it serves.

    ``first`` is the container that shows whether the new version works; it is taken back if not. ``surge``
    tells that it is one more than the manifest wants, and goes when the update is done.
    """

    service: str
    first: str
    surge: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """Operations in an order in which each comes after those it waits for."""

    operations: tuple[Operation, ...] = ()
    rollings: tuple[Rolling, ...] = ()

    @property
    def changes(self) -> tuple[Operation, ...]:
        """The operations that write; waiting does not."""
        waiting = (AwaitReady, AwaitRegistered, AwaitExternal, Judge)
        return tuple(o for o in self.operations if not isinstance(o, waiting))

    def __str__(self) -> str:
        return "\n".join(f"{operation.id}: {operation.reason}" for operation in self.operations)
