"""Taking away what a running broker still holds of an older manifest; importing definitions only adds."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msctl.broker.client import Broker, QueueFacts
from msctl.broker.commands import EXPORT_DEFINITIONS, Command, delete_user
from msctl.broker.difference import Surplus, clashes, surplus
from msctl.broker.permissions import PLATFORM_USER
from msctl.broker.topology import Topology
from msctl.engine.port import Engine
from msctl.engine.tunnel import reach
from msctl.errors import BrokerError
from msctl.model.secret import Secret
from msctl.plan.platform import AMQP_PORT
from msctl.plan.services import amqp_url

_COMMAND_TIMEOUT = 30.0
_IMPORT_TIMEOUT = 10.0
_POLL = 0.2


def tidy(
    engine: Engine,
    container: str,
    topology: Topology,
    wanted: Mapping[str, Any],
    password: Secret,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[str, ...]:
    """Remove what ``wanted`` does not contain, once it was imported; a sentence for each thing done or left.

    ``password`` is the platform user's. A queue that holds messages or is in use is unbound and left.
    Raises ``BrokerError`` naming the argument, and removes nothing, when a queue or exchange exists with
    another one than ``topology`` has.
    """
    found = _imported(engine, container, wanted, clock, sleep)
    _refuse_clashes(container, topology, found)
    gone = surplus(topology, wanted, found)
    if not gone:
        return ()
    for user in gone.users:
        _run(engine, container, delete_user(user))
    with reach(engine, container, AMQP_PORT, project=topology.vhost) as (host, port):
        url = amqp_url(PLATFORM_USER, password, topology.vhost, host, port)
        with Broker(url) as broker:
            kept = broker.remove(gone)
    return tuple(_sentences(gone, kept, container, topology.vhost))


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
        raise BrokerError(f"'{container}' does not tell what it holds: {output.strip()[-300:]}") from exc
    return document


def _run(engine: Engine, container: str, command: Command) -> str:
    result = engine.execute(container, command, timeout=_COMMAND_TIMEOUT)
    if result.exit_code != 0:
        raise BrokerError(
            f"'{' '.join(command[:2])}' in '{container}' failed: {result.output.strip()[-300:]}"
        )
    return result.output


def _refuse_clashes(container: str, topology: Topology, found: Mapping[str, Any]) -> None:
    different = clashes(topology, found)
    if different:
        first = different[0].name
        raise BrokerError(
            "the broker's " + "; ".join(map(str, different)),
            "this cannot be changed while it exists; when it is empty, remove it and run 'msctl up' again: "
            f"docker exec {container} rabbitmqctl delete_queue --vhost {topology.vhost} {first}",
        )


def _sentences(gone: Surplus, kept: Sequence[QueueFacts], container: str, vhost: str) -> Iterator[str]:
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
        why = f"holds messages ({left[name].messages})" if left[name].messages else "is still in use"
        yield (
            f"queue '{name}' gets no more events but {why}, so it was left; to remove it: "
            f"docker exec {container} rabbitmqctl delete_queue --vhost {vhost} {name}"
        )
    for exchange in gone.exchanges:
        yield f"exchange '{exchange}' was removed"
