"""Which exchanges, queues and bindings a project's events need: plain values.

For each subscribing service X: queue ``X``; retry tiers ``X.retry.1s`` … whose messages flow back to
``X`` when their time is over; ``X.dead`` for what is given up. X reaches its retry tiers and its dead
letters through a direct exchange of its own, ``X.retry``, by routing key = queue name: the default
exchange would reach every queue of the virtual host, and RabbitMQ cannot limit its routing keys
(topic permissions hold for topic exchanges only).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from msctl import labels
from msctl.model.project import Project, Service

EVENTS = "events"
"""The durable topic exchange that every event goes through."""

DEFAULT_EXCHANGE = ""
DELIVERY_LIMIT = 100
"""Backstop only: RabbitMQ also counts deliveries that were lost to a killed consumer."""

Argument = str | int | bool


@dataclass(frozen=True, slots=True)
class Exchange:
    """A durable exchange."""

    name: str
    type: Literal["topic", "direct"]


@dataclass(frozen=True, slots=True)
class Queue:
    """A durable quorum queue; ``arguments`` cannot be changed once it exists."""

    name: str
    arguments: Mapping[str, Argument] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Binding:
    """Messages of ``exchange`` whose routing key matches go to ``queue``."""

    exchange: str
    queue: str
    routing_key: str


@dataclass(frozen=True, slots=True)
class Party:
    """A service that uses the broker: what it may publish and whether it consumes."""

    name: str
    publishes: tuple[str, ...] = ()
    subscribes: bool = False


@dataclass(frozen=True, slots=True)
class Topology:
    """Everything a project needs in its virtual host; all names are unique."""

    vhost: str
    exchanges: tuple[Exchange, ...] = ()
    queues: tuple[Queue, ...] = ()
    bindings: tuple[Binding, ...] = ()
    parties: tuple[Party, ...] = ()


def retry_exchange(service: str) -> str:
    """Direct exchange through which a service reaches its own retry tiers and dead letters."""
    return f"{service}.retry"


def retry_queue(service: str, seconds: float) -> str:
    """Name of a retry tier: ``orders.retry.10s``, below a second ``orders.retry.500ms``."""
    return f"{service}.retry.{labels.retry_tier(seconds)}"


def dead_queue(service: str) -> str:
    """Queue of what the service gave up."""
    return f"{service}.dead"


def topology(project: Project) -> Topology:
    """The topology that ``project`` declares; external services take no part."""
    services = [s for s in project.services.values() if s.publishes or s.subscribes]
    subscribers = [s for s in services if s.subscribes]
    return Topology(
        vhost=project.name,
        exchanges=(
            Exchange(EVENTS, "topic"),
            *(Exchange(retry_exchange(s.name), "direct") for s in subscribers),
        ),
        queues=tuple(queue for s in subscribers for queue in _queues(s)),
        bindings=tuple(binding for s in subscribers for binding in _bindings(s)),
        parties=tuple(Party(s.name, s.publishes, bool(s.subscribes)) for s in services),
    )


def _queues(service: Service) -> tuple[Queue, ...]:
    name = service.name
    dead = Queue(dead_queue(name), {"x-queue-type": "quorum"})
    tiers = (
        Queue(
            retry_queue(name, seconds),
            _moving_on(name) | {"x-message-ttl": round(seconds * 1000)},
        )
        for seconds in service.event_retries
    )
    return (_main_queue(service), *tiers, dead)


def _main_queue(service: Service) -> Queue:
    arguments = _moving_on(dead_queue(service.name)) | {"x-delivery-limit": DELIVERY_LIMIT}
    if any(subscription.ordered for subscription in service.subscribes):
        arguments["x-single-active-consumer"] = True
    return Queue(service.name, arguments)


def _moving_on(target: str) -> dict[str, Argument]:
    """Arguments of a quorum queue whose dead letters reach ``target`` even if the broker is killed.

    ``at-least-once`` needs ``reject-publish``; moving happens inside the broker, so the default
    exchange asks no permission of anyone.
    """
    return {
        "x-queue-type": "quorum",
        "x-dead-letter-exchange": DEFAULT_EXCHANGE,
        "x-dead-letter-routing-key": target,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def _bindings(service: Service) -> tuple[Binding, ...]:
    name = service.name
    own = [*(retry_queue(name, seconds) for seconds in service.event_retries), dead_queue(name)]
    patterns = dict.fromkeys(subscription.pattern for subscription in service.subscribes)
    return (
        *(Binding(EVENTS, name, pattern) for pattern in patterns),
        *(Binding(retry_exchange(name), queue, queue) for queue in own),
    )
