"""What the entries of a Compose file are: services, their databases, or parts of the platform."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from msctl.scaffold.compose.notes import Imported
from msctl.scaffold.compose.values import Unfit, pairs, several

ENGINES = {
    "postgres": "postgres",
    "postgis": "postgres",
    "mariadb": "mariadb",
    "mysql": "mariadb",
    "redis": "redis",
}
PLATFORM = {
    "rabbitmq": "the platform has a broker; say publishes and subscribes",
    "consul": "the platform has a registry",
    "traefik": "the platform has a gateway; routes are under gateway.routes",
    "prometheus": "the platform has metrics",
}


def role_of(entry: Any) -> str:
    """``database ENGINE``, ``platform`` or nothing for an ordinary service."""
    image = str((entry or {}).get("image", ""))
    last = image.rpartition("/")[2].partition(":")[0].partition("@")[0]
    if (entry or {}).get("build"):
        return ""
    if last in ENGINES:
        return f"database {ENGINES[last]}"
    return next((f"platform {known}" for known in PLATFORM if last == known), "")


def dependencies(entry: Any) -> list[str]:
    """The entries that one says it depends on; raises ``Unfit``."""
    return [str(name) for name in several((entry or {}).get("depends_on"))]


def _needs(entry: Any, name: str) -> bool:
    """Whether a service says that it uses ``name``; what cannot be read says nothing."""
    with suppress(Unfit):
        if name in dependencies(entry):
            return True
    with suppress(Unfit):
        return _mentions(entry, name)
    return False


def _mentions(entry: Any, name: str) -> bool:
    values = [value or "" for _, value in pairs((entry or {}).get("environment"))]
    return any(re.search(rf"(?:\b|@){re.escape(name)}(?::\d+|/|\b)", value) for value in values)


def owners_of(declared: Mapping[str, Any], roles: Mapping[str, str], found: Imported) -> dict[str, str]:
    """By service, the database of its own; one that several use is nobody's."""
    owners: dict[str, str] = {}
    for name, role in roles.items():
        if role.startswith("platform"):
            found.note(f"services.{name}", f"left out: {PLATFORM[role.split()[1]]}")
        if not role.startswith("database"):
            continue
        users = [
            other for other, entry in declared.items()
            if roles[other] == "" and _needs(entry, name)
        ]  # fmt: skip
        if not users:
            found.note(f"services.{name}", "left out: no service uses this database")
        for user in users:
            if user in owners:
                found.note(f"services.{name}", f"left out for '{user}', which has a database already")
                continue
            owners[user] = role.split()[1]
            _note_database(found, name, user, declared[name], shared=len(users) > 1)
    return owners


def _note_database(found: Imported, name: str, user: str, entry: Any, *, shared: bool) -> None:
    own = "a database of its own, empty" if shared else "its own database"
    found.note(
        f"services.{name}", f"became {own} of '{user}'; its URL is in the file named by DATABASE_URL_FILE"
    )
    if "mysql" in str(entry.get("image")):
        found.note(f"services.{name}.image", "MySQL became MariaDB")
