"""Commands to run inside the broker's container, as values; whoever has the engine runs them."""

from __future__ import annotations

from msctl.broker.config import DEFINITIONS_FILE

Command = tuple[str, ...]

IMPORT_DEFINITIONS: Command = ("rabbitmqctl", "import_definitions", DEFINITIONS_FILE)
"""Adds and changes what the delivered file says; removes nothing. Returns before the import is done."""

EXPORT_DEFINITIONS: Command = ("rabbitmqctl", "--silent", "export_definitions", "-")
"""Writes what the broker holds to stdout, as JSON."""


def delete_user(name: str) -> Command:
    """Remove a user with its permissions; its connections are closed."""
    return ("rabbitmqctl", "delete_user", name)


def close_connections(vhost: str) -> Command:
    """End every connection of a virtual host; clients connect anew."""
    return ("rabbitmqctl", "close_all_connections", "--vhost", vhost, "a queue was made anew")
