"""Taking away what a running broker still holds of an older manifest; importing definitions only adds."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msctl import labels
from msctl.broker.client import Broker, QueueFacts
from msctl.broker.commands import EXPORT_DEFINITIONS, Command, close_connections, delete_user
from msctl.broker.definitions import definitions
from msctl.broker.difference import Clash, Surplus, clashes, surplus
from msctl.broker.permissions import PLATFORM_USER
from msctl.broker.topology import Topology, topology
from msctl.engine.port import Engine
from msctl.engine.tunnel import reach
from msctl.errors import BrokerError
from msctl.model.desired import ContainerSpec
from msctl.model.project import Project
from msctl.model.secret import Secret
from msctl.plan.addresses import amqp_url
from msctl.plan.ports import AMQP_PORT

_COMMAND_TIMEOUT = 30.0
_LOOK = "'msctl logs broker' shows why"
_IMPORT_TIMEOUT = 10.0
_POLL = 0.2


class BrokerUpkeep:
    """``tidy`` of a project's broker within one ``up``: whenever its definitions were read anew.

    ``fresh`` tells that the broker began without any data, so that there is nothing to find.
    """

    def __init__(
        self, engine: Engine, project: Project, users: Mapping[str, Secret], *, fresh: bool, discard: bool
    ) -> None:
        self._engine = engine
        self._project = project
        self._users = users
        self._fresh = fresh
        self._discard = discard
        self.done = fresh or not project.uses_broker

    def __call__(self, spec: ContainerSpec) -> tuple[str, ...]:
        """Tidy if ``spec`` is the broker's container; a sentence for each thing done or left."""
        if spec.role != "broker" or self._fresh:
            return ()
        return self.tidy()

    def tidy(self) -> tuple[str, ...]:
        """Tidy in any case."""
        self.done = True
        wanted = topology(self._project)
        documents = definitions(wanted, self._users)
        container = labels.container(self._project.name, "broker")
        password = self._users[PLATFORM_USER]
        return tidy(self._engine, container, wanted, documents, password, discard=self._discard)


def tidy(
    engine: Engine,
    container: str,
    declared: Topology,
    wanted: Mapping[str, Any],
    password: Secret,
    *,
    discard: bool = False,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[str, ...]:
    """Remove what ``wanted`` does not contain, once it was imported; a sentence for each thing done or left.

    ``password`` is the platform user's. A queue that holds messages or is in use is unbound and left, unless
    ``discard`` gives up what it holds. Raises ``BrokerError`` naming the argument, and removes nothing, when
    a queue or exchange exists with another one than ``declared`` has; with ``discard`` such a queue is made
    anew if it is empty.
    """
    found = _imported(engine, container, wanted, clock, sleep)
    different = clashes(declared, found)
    if different and not discard:
        raise _clash(different)
    gone = surplus(declared, wanted, found)
    if not gone and not different:
        return ()
    for user in gone.users:
        _run(engine, container, delete_user(user))
    with reach(engine, container, AMQP_PORT, project=declared.vhost) as (host, port):
        url = amqp_url(PLATFORM_USER, password, declared.vhost, host, port)
        with Broker(url) as broker:
            remade = _remake(broker, declared, different)
            kept = broker.remove(gone, with_messages=discard)
    if remade:
        # RabbitMQ 3.10 does not tell the consumers of a quorum queue that it is another one now.
        _run(engine, container, close_connections(declared.vhost))
    return (*remade, *_sentences(gone, kept))


def _remake(broker: Broker, declared: Topology, different: Sequence[Clash]) -> tuple[str, ...]:
    """Queues that exist with other arguments are deleted and declared again; full ones are an error."""
    names = tuple(dict.fromkeys(clash.name for clash in different))
    for name in names:
        facts = broker.queue_facts(name)
        if facts is None or facts.messages:
            raise _clash([clash for clash in different if clash.name == name])
    for name in names:
        broker.delete(name)
    if names:
        broker.declare(declared)
    return tuple(f"queue '{name}' was made anew" for name in names)


def _imported(
    engine: Engine,
    container: str,
    wanted: Mapping[str, Any],
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> dict[str, Any]:
    """What the broker holds with the users of ``wanted``: an import goes on after its command returned."""
    deadline = clock() + _IMPORT_TIMEOUT
    while True:
        found = _export(engine, container)
        if _logins(wanted) <= _logins(found) or clock() >= deadline:
            return found
        sleep(_POLL)


def _logins(document: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {(user["name"], user["password_hash"]) for user in document.get("users") or ()}


def _export(engine: Engine, container: str) -> dict[str, Any]:
    output = _run(engine, container, EXPORT_DEFINITIONS)
    try:
        document: dict[str, Any] = json.loads(output)
    except ValueError as exc:
        raise BrokerError(
            f"'{container}' does not tell what it holds: {output.strip()[-300:]}", _LOOK
        ) from exc
    return document


def _run(engine: Engine, container: str, command: Command) -> str:
    result = engine.execute(container, command, timeout=_COMMAND_TIMEOUT)
    if result.exit_code != 0:
        raise BrokerError(
            f"'{' '.join(command[:2])}' in '{container}' failed: {result.output.strip()[-300:]}", _LOOK
        )
    return result.output


def _clash(different: Sequence[Clash]) -> BrokerError:
    return BrokerError(
        "the broker's " + "; ".join(map(str, different)),
        "this cannot be changed while it exists; 'msctl up --yes' makes a queue anew that holds no message",
    )


def _sentences(gone: Surplus, kept: Sequence[QueueFacts]) -> Iterator[str]:
    left = {facts.name: facts for facts in kept}
    for user in gone.users:
        yield f"user '{user}' was removed"
    for binding in gone.bindings:
        if binding.queue not in gone.queues:
            yield f"queue '{binding.queue}' no longer gets '{binding.routing_key}'"
    for name in gone.queues:
        if name not in left:
            yield f"queue '{name}' was removed"
            continue
        why = _why_kept(left[name])
        yield f"queue '{name}' gets no more events but {why}, so it was left; to remove it: msctl up --yes"
    for exchange in gone.exchanges:
        yield f"exchange '{exchange}' was removed"


def _why_kept(facts: QueueFacts) -> str:
    if facts.messages:
        return f"holds messages ({facts.messages})"
    return "is still in use" if facts.consumers else "is still needed"
