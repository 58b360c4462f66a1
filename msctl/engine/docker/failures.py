"""What the engine's refusals and silences mean in words of ``msctl.errors``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from docker.errors import DockerException
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError

from msctl.errors import EngineError, EngineUnavailable, ImageError, ObjectMissing, PortTaken

_PORT_TAKEN = re.compile(
    r"(?:Bind for|listen tcp[46]?|bind host port(?: for)?) (?P<address>[\d.]*|\[[^\]]*\]):(?P<port>\d+)"
)
_PORT_WORDS = ("port is already allocated", "address already in use")


class EngineRefusal(EngineError):
    """The engine answered with an error ``status``; ``reason`` is its own sentence."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"the container engine refused: {reason}")
        self.status = status
        self.reason = reason


def refusal(status: int, reason: str) -> EngineError:
    """The error for an HTTP answer ``status`` whose message is ``reason``."""
    lowered = reason.lower()
    if "no such image" in lowered or "manifest unknown" in lowered:
        return ImageError(reason, hint="'msctl images get' gets what is missing")
    if status == HTTPStatus.NOT_FOUND:
        return ObjectMissing(reason)
    return EngineRefusal(status, reason)


def port_taken(container: str, error: EngineRefusal) -> PortTaken | None:
    """``error`` as the refusal of a published port of ``container``, if it is one."""
    if not any(words in error.reason for words in _PORT_WORDS):
        return None
    found = _PORT_TAKEN.search(error.reason)
    where = f"port {found['port']} on {found['address'] or '*'}" if found else "a published port"
    return PortTaken(
        f"{container} cannot start: {where} is already in use",
        hint="stop what uses the port, or choose another one in msctl.yaml",
    )


def unavailable(address: str, cause: BaseException) -> EngineUnavailable:
    """No engine answers at ``address``; the hint says what to do about this ``cause``."""
    text = _root(cause)
    return EngineUnavailable(f"no container engine answers at {address}: {text}", hint=_advice(address, text))


@contextmanager
def translating(address: str) -> Iterator[None]:
    """Turn what docker-py, requests, urllib3 and sockets raise into ``EngineUnavailable``."""
    try:
        yield
    except (RequestException, HTTPError, DockerException, OSError) as error:
        raise unavailable(address, error) from error


def _root(error: BaseException) -> str:
    seen: list[BaseException] = [error]
    while (cause := _deeper(seen[-1])) is not None and cause not in seen:
        seen.append(cause)
    deepest = seen[-1]
    return (
        (deepest.strerror if isinstance(deepest, OSError) else None) or str(deepest) or type(deepest).__name__
    )


def _deeper(error: BaseException) -> BaseException | None:
    if error.__cause__ is not None or error.__context__ is not None:
        return error.__cause__ or error.__context__
    nested = [argument for argument in error.args if isinstance(argument, BaseException)]
    return nested[0] if nested else None


def _advice(address: str, text: str) -> str:
    if "ermission denied" in text:
        return f"you may not open {address}: join the group 'docker' (then log in again) or run as root"
    if address.startswith("ssh://"):
        return "check that `ssh` reaches the machine without asking, and that docker runs there"
    if address.startswith("unix://"):
        return "install Docker and start it (systemctl start docker), or point DOCKER_HOST at one that runs"
    return (
        "check DOCKER_HOST, DOCKER_TLS_VERIFY and the current docker context, and that the engine runs there"
    )
