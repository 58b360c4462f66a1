"""What each RabbitMQ user may do, as the regular expressions RabbitMQ checks.

RabbitMQ checks *configure*, *write* and *read* against the name of the exchange or queue, and for a
topic exchange also the routing key against the user's topic permission; a user without a topic
permission may use any routing key, so every user gets one. The default exchange is checked under the
name ``amq.default`` and its routing keys are not checked at all: whoever may write to it writes to
every queue, so no service may. An empty expression matches nothing but the empty name.

Seen on 3.10: only the message's own routing key is checked, not those of a ``CC`` header. Consumers close
that gap: they bury what came from ``events`` with another routing key than its type.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from msctl.broker.topology import EVENTS, retry_exchange

if TYPE_CHECKING:
    from msctl.broker.topology import Party, Topology

NOTHING = "^$"
EVERYTHING = ".*"

PLATFORM_USER = "_platform"
"""The CLI's own user; no service can bear a name with an underscore."""


@dataclass(frozen=True, slots=True)
class Rights:
    """A user's rights in one virtual host; ``topic_write`` limits routing keys on exchange ``events``."""

    user: str
    configure: str
    write: str
    read: str
    topic_write: str
    topic_read: str


def rights(topology: Topology) -> tuple[Rights, ...]:
    """Rights of the platform's user and of every service that uses the broker."""
    platform = Rights(PLATFORM_USER, EVERYTHING, EVERYTHING, EVERYTHING, EVERYTHING, EVERYTHING)
    return (platform, *(party_rights(party) for party in topology.parties))


def party_rights(party: Party) -> Rights:
    """Publish the declared events, consume the own queue, send to the own retry tiers; declare nothing."""
    writable = [EVENTS] if party.publishes else []
    if party.subscribes:
        writable.append(retry_exchange(party.name))
    return Rights(
        user=party.name,
        configure=NOTHING,
        write=exactly(writable),
        read=exactly([party.name] if party.subscribes else []),
        topic_write=routing_keys(party.publishes),
        topic_read=NOTHING,
    )


def exactly(names: Iterable[str]) -> str:
    """Expression that matches these names and nothing else."""
    return _anchored(re.escape(name) for name in names)


def routing_keys(patterns: Iterable[str]) -> str:
    """Expression that matches what the topic patterns (``*`` one word, ``#`` any number) match."""
    return _anchored(_pattern_expression(pattern) for pattern in patterns)


def _anchored(alternatives: Iterable[str]) -> str:
    joined = "|".join(alternatives)
    return f"^({joined})$" if joined else NOTHING


def _pattern_expression(pattern: str) -> str:
    words = [word for word, again in pairwise((*pattern.split("."), "")) if (word, again) != ("#", "#")]
    if words == ["#"]:
        return EVERYTHING
    expression = ""
    for position, word in enumerate(words):
        first = position == 0
        if word == "#":
            expression += r"([^.]*\.)*" if first else r"(\.[^.]*)*"
        else:
            dot = "" if first or (position == 1 and words[0] == "#") else r"\."
            expression += dot + ("[^.]*" if word == "*" else re.escape(word))
    return expression
