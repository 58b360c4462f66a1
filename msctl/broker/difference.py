"""Pure difference between the definitions a project wants and those its broker exported.

Importing definitions adds and changes but never removes, and skips a queue that exists with other
arguments; both are found here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msctl.broker.topology import EVENTS, Binding

if TYPE_CHECKING:
    from msctl.broker.topology import Argument, Topology

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Clash:
    """An exchange or queue that exists with another value of ``argument``; ``None``: not set."""

    name: str
    argument: str
    wanted: Argument | None
    found: Argument | None

    def __str__(self) -> str:
        return f"'{self.name}' has {self.argument} = {self.found!r}, the manifest needs {self.wanted!r}"


@dataclass(frozen=True, slots=True)
class Surplus:
    """What the broker holds and the project no longer wants."""

    bindings: tuple[Binding, ...] = ()
    queues: tuple[str, ...] = ()
    exchanges: tuple[str, ...] = ()
    users: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.bindings or self.queues or self.exchanges or self.users)


def surplus(topology: Topology, wanted: Document, found: Document) -> Surplus:
    """Everything in the project's virtual host, and every user with rights in it, that is not wanted."""
    vhost = topology.vhost
    return Surplus(
        bindings=_surplus_bindings(topology, found),
        queues=_gone(_names(wanted, "queues", vhost), _names(found, "queues", vhost)),
        exchanges=_gone(
            _names(wanted, "exchanges", vhost),
            [name for name in _names(found, "exchanges", vhost) if name and not name.startswith("amq.")],
        ),
        users=_gone(_permitted(wanted, vhost), _permitted(found, vhost)),
    )


def onward(queue: str) -> str:
    """The queue that a service's queue hands its dead letters to: tier → main, main → dead → itself."""
    service, _, part = queue.partition(".")
    return service if part.startswith("retry.") else f"{service}.dead"


def needed(busy: Iterable[str]) -> frozenset[str]:
    """Queues that must stay while those of ``busy`` are: what flows on from them needs a goal."""
    found: set[str] = set()
    for name in busy:
        while name not in found:
            found.add(name)
            name = onward(name)  # noqa: PLW2901
    return frozenset(found)


def clashes(topology: Topology, found: Document) -> tuple[Clash, ...]:
    """Queues whose arguments, and exchanges whose type, differ from what is wanted."""
    vhost = topology.vhost
    queues = {queue["name"]: queue for queue in _of(found, "queues", vhost)}
    exchanges = {exchange["name"]: exchange for exchange in _of(found, "exchanges", vhost)}
    return (
        *(
            Clash(exchange.name, "type", exchange.type, exchanges[exchange.name]["type"])
            for exchange in topology.exchanges
            if exchange.name in exchanges and exchanges[exchange.name]["type"] != exchange.type
        ),
        *(
            clash
            for queue in topology.queues
            if queue.name in queues
            for clash in _argument_clashes(queue.name, queue.arguments, queues[queue.name])
        ),
    )


def _argument_clashes(name: str, wanted: Mapping[str, Argument], found: Document) -> Iterable[Clash]:
    arguments = found.get("arguments") or {}
    for argument in sorted(wanted.keys() | arguments.keys()):
        if wanted.get(argument) != arguments.get(argument):
            yield Clash(name, argument, wanted.get(argument), arguments.get(argument))


def _surplus_bindings(topology: Topology, found: Document) -> tuple[Binding, ...]:
    """Bindings to exchanges that stay, also those of queues that go: one that holds messages cannot yet.

    Queues that are not exported, such as a connection's own, keep theirs.
    """
    queues = set(_names(found, "queues", topology.vhost))
    sources = {EVENTS} | {exchange.name for exchange in topology.exchanges}
    existing = (
        Binding(binding["source"], binding["destination"], binding["routing_key"])
        for binding in _of(found, "bindings", topology.vhost)
        if binding["destination_type"] == "queue"
    )
    return tuple(
        binding
        for binding in existing
        if binding.exchange in sources and binding.queue in queues and binding not in topology.bindings
    )


def _of(document: Document, kind: str, vhost: str) -> list[Document]:
    return [item for item in document.get(kind) or () if item.get("vhost") == vhost]


def _names(document: Document, kind: str, vhost: str) -> list[str]:
    return [item["name"] for item in _of(document, kind, vhost)]


def _permitted(document: Document, vhost: str) -> list[str]:
    return [item["user"] for item in _of(document, "permissions", vhost)]


def _gone(wanted: Sequence[str], found: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in found if name not in set(wanted))
