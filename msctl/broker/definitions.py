"""RabbitMQ definitions: topology, users and permissions as the document that RabbitMQ loads at boot."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from msctl.broker.permissions import Rights, rights
from msctl.broker.topology import EVENTS, Topology
from msctl.model.secret import Secret

HASHING_ALGORITHM = "rabbit_password_hashing_sha256"
_SALT_LENGTH = 4


def definitions(topology: Topology, credentials: Mapping[str, Secret]) -> dict[str, Any]:
    """The document; ``credentials`` maps each user of ``rights(topology)`` to its password.

    Equal input gives an equal document, so that it can be compared and hashed.
    """
    granted = rights(topology)
    return {
        "vhosts": [{"name": topology.vhost}],
        "users": [_user(right.user, credentials[right.user]) for right in granted],
        "permissions": [_permission(topology.vhost, right) for right in granted],
        "topic_permissions": [_topic_permission(topology.vhost, right) for right in granted],
        "exchanges": [
            _durable(topology.vhost, exchange.name) | {"type": exchange.type, "internal": False}
            for exchange in topology.exchanges
        ],
        "queues": [
            _durable(topology.vhost, queue.name) | {"arguments": dict(queue.arguments)}
            for queue in topology.queues
        ],
        "bindings": [
            {
                "vhost": topology.vhost,
                "source": binding.exchange,
                "destination": binding.queue,
                "destination_type": "queue",
                "routing_key": binding.routing_key,
                "arguments": {},
            }
            for binding in topology.bindings
        ],
    }


def render(document: Mapping[str, Any]) -> str:
    """The document as the text of its file."""
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def password_hash(user: str, password: Secret) -> str:
    """Salted SHA-256 in RabbitMQ's form: base64 of salt and digest.

    The salt follows from user and password, so that the document stays the same while they do;
    it need not be random because passwords are.
    """
    secret = password.reveal().encode()
    salt = hashlib.sha256(b"salt\0" + user.encode() + b"\0" + secret).digest()[:_SALT_LENGTH]
    return base64.b64encode(salt + hashlib.sha256(salt + secret).digest()).decode()


def _user(name: str, password: Secret) -> dict[str, Any]:
    return {
        "name": name,
        "password_hash": password_hash(name, password),
        "hashing_algorithm": HASHING_ALGORITHM,
        "tags": [],
    }


def _permission(vhost: str, right: Rights) -> dict[str, Any]:
    return {
        "user": right.user,
        "vhost": vhost,
        "configure": right.configure,
        "write": right.write,
        "read": right.read,
    }


def _topic_permission(vhost: str, right: Rights) -> dict[str, Any]:
    return {
        "user": right.user,
        "vhost": vhost,
        "exchange": EVENTS,
        "write": right.topic_write,
        "read": right.topic_read,
    }


def _durable(vhost: str, name: str) -> dict[str, Any]:
    return {"vhost": vhost, "name": name, "durable": True, "auto_delete": False, "arguments": {}}
