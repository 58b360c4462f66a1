"""Adapter over pika: declare, publish with confirms, facts about queues, and reading them, for the CLI.

pika is imported at first use. A ``Broker`` belongs to one thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from msctl.broker.difference import needed
from msctl.broker.pika_messages import PERSISTENT, message_of, properties_of
from msctl.broker.topology import EVENTS
from msctl.broker.translation import translated

if TYPE_CHECKING:
    from msctl.broker.difference import Surplus
    from msctl.broker.messages import Message
    from msctl.broker.topology import Topology
    from msctl.model.secret import Secret

_NOT_FOUND = 404
_TAIL_LENGTH = 10_000
_MOMENT = 0.2
_LOOK = 0.02
_BLOCKED_TIMEOUT = 0.5


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """What a queue holds: ``messages`` ready for delivery, and who consumes it."""

    name: str
    messages: int
    consumers: int


@dataclass(frozen=True, slots=True)
class Held:
    """A message taken from a queue; ``settle`` removes it from there for good."""

    message: Message
    settle: Callable[[], None]


class Broker:
    """One connection to RabbitMQ; every method raises ``BrokerError`` and nothing else."""

    def __init__(
        self,
        url: Secret,
        *,
        timeout: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url = url
        self._timeout = timeout
        self._clock = clock
        self._sleep = sleep
        self._connection: Any = None

    def __enter__(self) -> Broker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def connect(self) -> None:
        """Open the connection; done by itself at first use."""
        import pika  # noqa: PLC0415

        parameters = pika.URLParameters(self._url.reveal())
        parameters.socket_timeout = self._timeout
        parameters.stack_timeout = self._timeout
        parameters.blocked_connection_timeout = _BLOCKED_TIMEOUT
        with translated(f"connect to RabbitMQ at {parameters.host}:{parameters.port}"):
            self._connection = pika.BlockingConnection(parameters)

    def close(self) -> None:
        """Close the connection; idempotent."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception), translated("close the connection"):
                connection.close()

    def send(self, exchange: str, routing_key: str, message: Message) -> None:
        """``publish`` for a message as a value."""
        self.publish(exchange, routing_key, message.body, properties_of(message))

    def publish(
        self, exchange: str, routing_key: str, body: bytes, properties: Mapping[str, Any] | None = None
    ) -> None:
        """Publish persistently and return once the broker has it in a queue; nobody's event is an error."""
        with self.publishing(f"publish '{routing_key}' to '{exchange}'") as publish:
            publish(exchange, routing_key, body, properties or {})

    @contextmanager
    def publishing(self, what: str = "publish") -> Iterator[Callable[..., None]]:
        """``publish`` for many messages."""
        import pika  # noqa: PLC0415

        def publish(exchange: str, routing_key: str, body: bytes, properties: Mapping[str, Any]) -> None:
            attributes = pika.BasicProperties(**{"delivery_mode": PERSISTENT, **properties})
            channel.basic_publish(exchange, routing_key, body, attributes, mandatory=True)

        with self._channel(what) as channel:
            channel.confirm_delivery()
            yield publish

    def require_unblocked(self) -> None:
        """Raise ``BrokerError`` while an alarm keeps publishers out; what is sent to ask goes nowhere."""
        with self._channel("publish") as channel:
            channel.confirm_delivery()
            channel.basic_publish("amq.direct", "msctl.nowhere", b"")

    def tail(self, pattern: str, exchange: str = EVENTS) -> Iterator[Message | None]:
        """A copy of each event from now on whose type matches; ``None`` when a moment passed without any.

        Copies wait in a bounded queue of this connection, the oldest going first.
        """
        limits = {"x-max-length": _TAIL_LENGTH, "x-overflow": "drop-head"}
        with self._channel(f"follow '{pattern}'") as channel:
            queue = channel.queue_declare("", exclusive=True, auto_delete=True, arguments=limits).method.queue
            channel.queue_bind(queue, exchange, pattern)
            for method, properties, body in channel.consume(queue, auto_ack=True, inactivity_timeout=_MOMENT):
                yield None if method is None else message_of(method.routing_key, properties, body)

    @contextmanager
    def holding(self, queue: str) -> Iterator[Iterator[Held]]:
        """The messages that ``queue`` holds now, first to last, out of others' reach inside the block.

        Those that are not settled by its end lie in the queue as before.
        """
        facts = self.queue_facts(queue)
        with self._channel(f"read queue '{queue}'") as channel:
            taken = _Taken(channel, queue)
            yield taken.messages(facts.messages if facts is not None else 0)
        self._await_return(queue, taken.number)

    def _await_return(self, queue: str, number: int) -> None:
        """RabbitMQ puts back what was not settled a moment after its answer."""
        deadline = self._clock() + self._timeout
        while number and self._clock() < deadline:
            facts = self.queue_facts(queue)
            if facts is None or facts.messages >= number:
                return
            self._sleep(_LOOK)

    def queue_facts(self, name: str) -> QueueFacts | None:
        """Depth and consumers of a queue, ``None`` when there is none of that name."""
        return self.facts_of((name,)).get(name)

    def facts_of(self, names: Sequence[str]) -> dict[str, QueueFacts]:
        """Depth and consumers of those of the queues that there are, by name."""
        found: dict[str, QueueFacts] = {}
        left = names
        while left:
            left = self._look_at(left, found)
        return found

    def _look_at(self, names: Sequence[str], found: dict[str, QueueFacts]) -> Sequence[str]:
        """Look at one after the other; those that are left, since one that is not there ends the channel."""
        import pika.exceptions  # noqa: PLC0415

        with self._channel("look at queues") as channel:
            for number, name in enumerate(names, start=1):
                try:
                    queue = channel.queue_declare(name, passive=True).method
                except pika.exceptions.ChannelClosedByBroker as exc:
                    if exc.reply_code == _NOT_FOUND:
                        return names[number:]
                    raise
                found[name] = QueueFacts(name, queue.message_count, queue.consumer_count)
        return ()

    def declare(self, topology: Topology) -> None:
        """Make sure of exchanges, queues and bindings; an existing one with other arguments is an error."""
        with self._channel("declare the topology") as channel:
            for exchange in topology.exchanges:
                channel.exchange_declare(exchange.name, exchange.type, durable=True)
            for queue in topology.queues:
                channel.queue_declare(queue.name, durable=True, arguments=dict(queue.arguments))
            for binding in topology.bindings:
                channel.queue_bind(binding.queue, binding.exchange, binding.routing_key)

    def remove(self, surplus: Surplus, *, with_messages: bool = False) -> tuple[QueueFacts, ...]:
        """Unbind and delete what is no longer wanted; returns the queues kept.

        Kept are queues that hold messages or are in use, and those to which these flow on. RabbitMQ cannot
        delete a quorum queue on the condition that it is empty, so it is asked first. Users are not reachable
        by AMQP: see ``commands.delete_user``.
        """
        with self._channel("remove what is no longer declared") as channel:
            for binding in surplus.bindings:
                channel.queue_unbind(binding.queue, binding.exchange, binding.routing_key)
        facts = self.facts_of(surplus.queues)
        busy = [f.name for f in facts.values() if f.messages or f.consumers]
        keep = frozenset() if with_messages else needed(busy)
        for name in surplus.queues:
            if name not in keep:
                self.delete(name)
        with self._channel("remove exchanges that are no longer declared") as channel:
            for exchange in surplus.exchanges:
                channel.exchange_delete(exchange)
        return tuple(f for f in facts.values() if f.name in keep)

    def delete(self, queue: str) -> None:
        """Delete a queue with all that it holds; an absent one is fine."""
        with self._channel(f"delete queue '{queue}'") as channel:
            channel.queue_delete(queue)

    @contextmanager
    def _channel(self, what: str) -> Iterator[Any]:
        """A channel of its own for each operation: an error closes it, not the connection."""
        if self._connection is None:
            self.connect()
        with translated(what):
            channel = self._connection.channel()
            try:
                yield channel
            finally:
                if channel.is_open:
                    channel.close()


class _Taken:
    """Messages that a channel holds; ``number`` are those that nobody settled."""

    def __init__(self, channel: Any, queue: str) -> None:
        self._channel = channel
        self._queue = queue
        self.number = 0

    def messages(self, most: int) -> Iterator[Held]:
        for _ in range(most):
            method, properties, body = self._channel.basic_get(self._queue)
            if method is None:
                return
            self.number += 1
            message = message_of(method.routing_key, properties, body)
            yield Held(message, partial(self._settle, method.delivery_tag))

    def _settle(self, delivery_tag: int) -> None:
        self._channel.basic_ack(delivery_tag)
        self.number -= 1
