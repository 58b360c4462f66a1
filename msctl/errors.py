"""The errors msctl raises on purpose; anything else that escapes is a bug.

MsctlError                      exit 1
├── UsageError                  exit 2   wrong words on the command line
├── ManifestInvalid             exit 2   every problem of the file, with its place
├── EngineError                 exit 1   the container engine refused
│   ├── EngineUnavailable       exit 3   no engine answers
│   ├── NameConflict            a foreign object bears a name we need
│   ├── PortTaken               a host port is in use
│   ├── SubnetTaken             a network of the engine already uses these addresses
│   ├── CommandTimeout          a command in a container did not end in time
│   ├── ObjectMissing           a container, network or volume is not there
│   ├── ContainerDown           a container that has to run does not
│   └── ImageError              an image cannot be had
│       └── BuildFailed         its Dockerfile or recipe failed
├── RegistryError               Consul refused or does not answer
│   └── RegistryRefused         the token is missing, wrong or forgotten
├── BrokerError                 RabbitMQ refused or does not answer
├── Locked                      another msctl command works on this checkout
├── ProjectConflict             the engine runs this project for another checkout
├── StartFailed                 something did not become healthy; carries failure cards
├── UpdateRejected              a new version fails more than the one before it
├── NotRunning                  what a command needs does not run
└── Interrupted                 exit 130 Ctrl-C
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from msctl.model.failure import FailureCard
    from msctl.model.problem import ManifestProblem


class MsctlError(Exception):
    """What happened (``message``), and what to do next (``hint``); ``code`` is stable for scripts."""

    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "error"

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(MsctlError):
    """The command line asks for something that does not exist or contradicts itself."""

    exit_code = 2
    code = "usage"


class ManifestInvalid(MsctlError):
    """The manifest is missing or wrong; ``problems`` lists every finding in file order."""

    exit_code = 2
    code = "manifest-invalid"

    def __init__(
        self, message: str, problems: Sequence[ManifestProblem] = (), hint: str | None = None
    ) -> None:
        super().__init__(message, hint)
        self.problems = tuple(problems)


class EngineError(MsctlError):
    """The container engine refused an operation or failed at it."""

    code = "engine"


class EngineUnavailable(EngineError):
    """No container engine answers at the configured address."""

    exit_code = 3
    code = "engine-unavailable"


class NameConflict(EngineError):
    """An object that is not ours bears a name the project needs; it was left untouched."""

    code = "name-conflict"


class PortTaken(EngineError):
    """A host port that the project publishes is already in use."""

    code = "port-taken"


class SubnetTaken(EngineError):
    """The subnet asked for overlaps another network of the engine; another one may be free."""

    code = "subnet-taken"


class CommandTimeout(EngineError):
    """A command run in a container did not end in the time allowed; it may still be running there."""

    code = "command-timeout"


class ObjectMissing(EngineError):
    """A container, network, volume or image that was asked for does not exist."""

    code = "object-missing"


class ContainerDown(EngineError):
    """A container that is there and has to run does not."""

    code = "container-down"


class ImageError(EngineError):
    """An image is neither present, nor can it be pulled or built."""

    code = "image-unavailable"


class BuildFailed(ImageError):
    """A Dockerfile or recipe failed; ``lines`` are the last of its output, ``log`` the full log's path."""

    code = "build-failed"

    def __init__(
        self, message: str, lines: Sequence[str] = (), log: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint)
        self.lines = tuple(lines)
        self.log = log


class RegistryError(MsctlError):
    """Consul refused a request or does not answer."""

    code = "registry"


class RegistryRefused(RegistryError):
    """Consul knows the token not, or not for this; one that lost its data has forgotten them all."""

    code = "registry-refused"


class BrokerError(MsctlError):
    """RabbitMQ refused a request or does not answer."""

    code = "broker"


class Locked(MsctlError):
    """Another msctl command is changing this checkout's project."""

    code = "locked"


class ProjectConflict(MsctlError):
    """The engine runs a project of this name for another checkout."""

    code = "project-conflict"


class NotRunning(MsctlError):
    """The project, or a part of it that the command needs, does not run."""

    code = "not-running"


class UpdateRejected(MsctlError):
    """The first instance of a new version fails calls that the version before it answers."""

    code = "update-rejected"


class StartFailed(MsctlError):
    """Parts of the project did not become healthy; ``cards`` say which and why, root causes first."""

    code = "start-failed"

    def __init__(self, message: str, cards: Sequence[FailureCard], hint: str | None = None) -> None:
        super().__init__(message, hint)
        self.cards = tuple(cards)


class Interrupted(MsctlError):
    """The user pressed Ctrl-C; running the command again continues."""

    exit_code = 130
    code = "interrupted"


_ROOM = "make room on the disk, then run the command again"
_ELSEWHERE = "choose a place that can be written, or have this one made so"
_REMEDIES = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EROFS: _ELSEWHERE,
    errno.EACCES: _ELSEWHERE,
    errno.EPERM: _ELSEWHERE,
    errno.EMFILE: "let more files be open at a time: 'ulimit -n 4096'",
}


def is_full(error: OSError) -> bool:
    """Whether there is no room for what was to be written."""
    return _REMEDIES.get(error.errno or 0) == _ROOM


def remedy_of(error: OSError) -> str:
    """What a person can do about a file, folder or connection that cannot be used."""
    usual = "check that path" if error.filename else "'msctl doctor' looks at this machine and its engine"
    return _REMEDIES.get(error.errno or 0, usual)
