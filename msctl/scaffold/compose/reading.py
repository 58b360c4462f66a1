"""A Compose file → a manifest's entries, with a note for everything that could not be carried over."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from msctl.scaffold.compose.values import Unfit, container_port, duration, pairs, size, text

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
_PROBE = re.compile(
    r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::\d+)?(?P<path>/[^\s'\"|;&]*)?"
)
_NEVER_SILENT = {
    "volumes": "services keep data in their own database only",
    "networks": "msctl makes the networks",
    "command": "put it into the image",
    "entrypoint": "put it into the image",
    "restart": "msctl restarts what ends",
    "env_file": "use environment and ${VAR}",
    "secrets": "msctl delivers secrets of its own",
    "container_name": "msctl names containers",
    "privileged": "services have no capabilities",
    "user": "say USER in the Dockerfile",
    "labels": "msctl sets its own",
    "links": "services find each other by name",
}


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was not carried over as it was, and why."""

    path: str
    what: str


@dataclass(slots=True)
class Imported:
    """Entries of a manifest, in its order, and the notes."""

    services: dict[str, dict[str, Any]] = field(default_factory=dict)
    routes: list[dict[str, Any]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    name: str | None = None

    def note(self, path: str, what: str) -> None:
        """Keep a note."""
        self.notes.append(Note(path, what))


def read(document: Mapping[str, Any]) -> Imported:
    """Everything that a manifest can say of a Compose file."""
    found = Imported(name=document.get("name"))
    declared: Mapping[str, Any] = document.get("services") or {}
    for key in document:
        if key not in ("services", "name", "version"):
            found.note(str(key), "not carried over")
    roles = {name: _role(entry) for name, entry in declared.items()}
    owners = _owners(declared, roles, found)
    for name, entry in declared.items():
        if roles[name] == "":
            _service(found, str(name), entry or {}, roles, owners)
    return found


def service_name(name: str) -> str:
    """A name as DNS can carry it."""
    return re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")


def _role(entry: Any) -> str:
    """``database ENGINE``, ``platform`` or nothing for an ordinary service."""
    image = str((entry or {}).get("image", ""))
    last = image.rpartition("/")[2].partition(":")[0].partition("@")[0]
    if (entry or {}).get("build"):
        return ""
    if last in ENGINES:
        return f"database {ENGINES[last]}"
    return next((f"platform {known}" for known in PLATFORM if last == known), "")


def _dependencies(entry: Any) -> list[str]:
    return [str(name) for name in (entry or {}).get("depends_on") or ()]


def _mentions(entry: Any, name: str) -> bool:
    values = [value or "" for _, value in pairs((entry or {}).get("environment"))]
    return any(re.search(rf"(?:\b|@){re.escape(name)}(?::\d+|/|\b)", value) for value in values)


def _owners(declared: Mapping[str, Any], roles: Mapping[str, str], found: Imported) -> dict[str, str]:
    """By service, the database of its own; one that several use is nobody's."""
    owners: dict[str, str] = {}
    for name, role in roles.items():
        if role.startswith("platform"):
            found.note(f"services.{name}", f"left out: {PLATFORM[role.split()[1]]}")
        if not role.startswith("database"):
            continue
        users = [
            other for other, entry in declared.items()
            if roles[other] == "" and (name in _dependencies(entry) or _mentions(entry, name))
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


def _service(
    found: Imported, name: str, entry: Mapping[str, Any], roles: Mapping[str, str], owners: Mapping[str, str]
) -> None:  # fmt: skip
    ours, path = service_name(name), f"services.{name}"
    if ours != name:
        found.note(path, f"is named '{ours}': names are lower-case letters, digits and dashes")
    keys: dict[str, Any] = {}
    handled = {"depends_on", "image", "build", "ports", "expose"}
    _origin(found, path, entry, keys)
    published = _ports(found, path, entry, keys)
    if name in owners:
        keys["database"] = owners[name]
    called = [service_name(one) for one in _dependencies(entry) if roles.get(one) == ""]
    if called:
        keys["calls"] = called
        found.note(f"{path}.depends_on", "became calls: services start side by side and may call these")
    for key, convert in _CONVERTERS.items():
        if key in entry:
            handled.add(key)
            _convert(found, f"{path}.{key}", convert, entry[key], keys)
    for key in entry:
        if key not in handled:
            found.note(f"{path}.{key}", _NEVER_SILENT.get(str(key), "not carried over"))
    found.services[ours] = keys
    if published:
        route = {"path": f"/{ours}/{{rest:path}}", "service": ours, "rewrite": "/{rest}"}
        found.routes.append(route)
        found.note(f"{path}.ports", f"became the route /{ours} of the gateway")


def _convert(
    found: Imported, path: str, convert: Callable[[Imported, str, Any, dict[str, Any]], None], value: Any,
    keys: dict[str, Any],
) -> None:  # fmt: skip
    try:
        convert(found, path, value, keys)
    except Unfit as exc:
        found.note(path, f"not carried over: {exc}")


def _origin(found: Imported, path: str, entry: Mapping[str, Any], keys: dict[str, Any]) -> None:
    build = entry.get("build")
    if build is None:
        keys["image"] = text(entry.get("image", ""))
        return
    given = {"context": build} if isinstance(build, str) else dict(build)
    keys["build"] = text(given.pop("context", ".")).removeprefix("./") or "."
    if given.get("dockerfile") == "Dockerfile":
        del given["dockerfile"]
    for key in given:
        found.note(f"{path}.build.{key}", "not carried over: msctl builds the folder's Dockerfile as it is")
    if "image" in entry:
        found.note(f"{path}.image", "not carried over: msctl names what it builds")


def _ports(found: Imported, path: str, entry: Mapping[str, Any], keys: dict[str, Any]) -> bool:
    ports: dict[int, bool] = {}
    for key in ("ports", "expose"):
        for value in entry.get(key) or ():
            try:
                number, published = container_port(value)
            except (Unfit, KeyError, ValueError) as exc:
                found.note(f"{path}.{key}", f"not carried over: {exc}")
                continue
            ports[number] = published or ports.get(number, False)
    for number in list(ports)[1:]:
        found.note(f"{path}.ports", f"port {number} is not carried over: a service has one port")
    first = next(iter(ports), None)
    if first is not None:
        keys["port"] = first
    return first is not None and ports[first]


def _environment(found: Imported, path: str, value: Any, keys: dict[str, Any]) -> None:
    kept: dict[str, str] = {}
    for name, given in pairs(value):
        if name == "PORT" or name.startswith("MSCTL_"):
            found.note(f"{path}.{name}", "not carried over: msctl sets it")
        else:
            kept[name] = f"${{{name}}}" if given is None else given
    if kept:
        keys["environment"] = kept


def _deploy(found: Imported, path: str, value: Any, keys: dict[str, Any]) -> None:
    value = value or {}
    if "replicas" in value:
        keys["replicas"] = value["replicas"]
    limits = (value.get("resources") or {}).get("limits") or {}
    if "memory" in limits:
        keys.setdefault("resources", {})["memory"] = size(limits["memory"])
    if "cpus" in limits:
        keys.setdefault("resources", {})["cpus"] = float(limits["cpus"])
    for key in value:
        if key not in ("replicas", "resources"):
            found.note(f"{path}.{key}", "not carried over")
    if (value.get("resources") or {}).get("reservations"):
        found.note(f"{path}.resources.reservations", "not carried over")


def _healthcheck(found: Imported, path: str, value: Any, keys: dict[str, Any]) -> None:
    test = value.get("test")
    written = " ".join(map(str, test)) if isinstance(test, list) else str(test or "")
    match = _PROBE.search(written)
    if match is None:
        raise Unfit("msctl asks health over HTTP; say health.path")
    health = {"path": match["path"] or "/"}
    for key in ("interval", "timeout"):
        if key in value:
            health[key] = duration(value[key])
    keys["health"] = health
    for key in value:
        if key not in ("test", "interval", "timeout"):
            found.note(f"{path}.{key}", "not carried over")


def _into(name: str, convert: Callable[[Any], Any]) -> Callable[[Imported, str, Any, dict[str, Any]], None]:
    section, _, key = name.rpartition(".")

    def put(_: Imported, __: str, value: Any, keys: dict[str, Any]) -> None:
        target = keys.setdefault(section, {}) if section else keys
        target[key] = convert(value)

    return put


_CONVERTERS: Mapping[str, Callable[[Imported, str, Any, dict[str, Any]], None]] = {
    "environment": _environment,
    "deploy": _deploy,
    "healthcheck": _healthcheck,
    "scale": _into("replicas", int),
    "stop_grace_period": _into("stop_grace", duration),
    "mem_limit": _into("resources.memory", size),
    "cpus": _into("resources.cpus", float),
}
