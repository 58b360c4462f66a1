"""Adapter over pika: declare, publish with confirms, and facts about queues, for the CLI.

pika is imported at first use. A ``Broker`` belongs to one thread.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from msctl.broker.difference import Surplus, needed
from msctl.broker.topology import Topology
from msctl.broker.translation import translated
from msctl.model.secret import Secret

_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """What a queue holds: ``messages`` ready for delivery, and who consumes it."""

    name: str
    messages: int
    consumers: int


class Broker:
    """One connection to RabbitMQ; every method raises ``BrokerError`` and nothing else."""

    def __init__(self, url: Secret, *, timeout: float = 5.0) -> None:
        self._url = url
        self._timeout = timeout
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
        parameters.blocked_connection_timeout = self._timeout
        with translated(f"connect to RabbitMQ at {parameters.host}:{parameters.port}"):
            self._connection = pika.BlockingConnection(parameters)

    def close(self) -> None:
        """Close the connection; idempotent."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception), translated("close the connection"):
                connection.close()

    def publish(
        self, exchange: str, routing_key: str, body: bytes, properties: Mapping[str, Any] | None = None
    ) -> None:
        """Publish persistently and return once the broker has it in a queue; nobody's event is an error."""
        import pika  # noqa: PLC0415

        attributes = {"delivery_mode": 2, **(properties or {})}
        with self._channel(f"publish '{routing_key}' to '{exchange}'") as channel:
            channel.confirm_delivery()
            channel.basic_publish(
                exchange, routing_key, body, pika.BasicProperties(**attributes), mandatory=True
            )

    def queue_facts(self, name: str) -> QueueFacts | None:
        """Depth and consumers of a queue, ``None`` when there is none of that name."""
        import pika.exceptions  # noqa: PLC0415

        with self._channel(f"look at queue '{name}'") as channel:
            try:
                found = channel.queue_declare(name, passive=True).method
            except pika.exceptions.ChannelClosedByBroker as exc:
                if exc.reply_code == _NOT_FOUND:
                    return None
                raise
        return QueueFacts(name, found.message_count, found.consumer_count)

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
        facts = {name: self.queue_facts(name) for name in surplus.queues}
        busy = [f.name for f in facts.values() if f is not None and (f.messages or f.consumers)]
        keep = frozenset() if with_messages else needed(busy)
        for name in surplus.queues:
            if name not in keep:
                self.delete(name)
        with self._channel("remove exchanges that are no longer declared") as channel:
            for exchange in surplus.exchanges:
                channel.exchange_delete(exchange)
        return tuple(f for f in facts.values() if f is not None and f.name in keep)

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
            yield channel
            if channel.is_open:
                channel.close()
