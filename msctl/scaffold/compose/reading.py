"""A Compose file → a manifest's entries, with a note for everything that could not be carried over."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msctl.scaffold.compose.notes import Imported, noting
from msctl.scaffold.compose.roles import dependencies, owners_of, role_of
from msctl.scaffold.compose.values import (
    Unfit,
    container_port,
    decimal,
    duration,
    mapping,
    pairs,
    several,
    size,
    text,
    whole,
)

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


def read(document: Mapping[str, Any]) -> Imported:
    """Everything that a manifest can say of a Compose file."""
    found = Imported(name=document.get("name"))
    declared: Mapping[str, Any] = document.get("services") or {}
    for key in document:
        if key not in ("services", "name", "version"):
            found.note(str(key), "not carried over")
    roles = {name: role_of(entry) for name, entry in declared.items()}
    owners = owners_of(declared, roles, found)
    for name, entry in declared.items():
        if roles[name] == "":
            _service(found, str(name), entry or {}, roles, owners)
    return found


def service_name(name: str) -> str:
    """A name as DNS can carry it."""
    return re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")


def _service(
    found: Imported, name: str, entry: Mapping[str, Any], roles: Mapping[str, str], owners: Mapping[str, str]
) -> None:  # fmt: skip
    ours, path = service_name(name), f"services.{name}"
    if ours != name:
        found.note(path, f"is named '{ours}': names are lower-case letters, digits and dashes")
    if ours in found.services:
        found.note(path, "left out: another service has that name")
        return
    keys: dict[str, Any] = {}
    handled = {"depends_on", "image", "build", "ports", "expose"}
    _origin(found, path, entry, keys)
    published = _ports(found, path, entry, keys)
    if name in owners:
        keys["database"] = owners[name]
    with noting(found, f"{path}.depends_on"):
        _calls(found, f"{path}.depends_on", dependencies(entry), roles, keys)
    for key, convert in _CONVERTERS.items():
        if key in entry:
            handled.add(key)
            with noting(found, f"{path}.{key}"):
                convert(found, f"{path}.{key}", entry[key], keys)
    for key in entry:
        if key not in handled:
            found.note(f"{path}.{key}", _NEVER_SILENT.get(str(key), "not carried over"))
    found.services[ours] = keys
    if published:
        route = {"path": f"/{ours}/{{rest:path}}", "service": ours, "rewrite": "/{rest}"}
        found.routes.append(route)
        found.note(f"{path}.ports", f"became the route /{ours} of the gateway")


def _calls(
    found: Imported, path: str, named: Sequence[str], roles: Mapping[str, str], keys: dict[str, Any]
) -> None:
    called = [service_name(one) for one in named if roles.get(one) == ""]
    if called:
        keys["calls"] = called
        found.note(path, "became calls: services start side by side and may call these")


def _origin(found: Imported, path: str, entry: Mapping[str, Any], keys: dict[str, Any]) -> None:
    build = entry.get("build")
    if build is None:
        with noting(found, f"{path}.image"):
            keys["image"] = text(entry.get("image") or "")
        return
    with noting(found, f"{path}.build"):
        _build(found, path, {"context": build} if isinstance(build, str) else dict(mapping(build)), keys)
    if "image" in entry:
        found.note(f"{path}.image", "not carried over: msctl names what it builds")


def _build(found: Imported, path: str, given: dict[str, Any], keys: dict[str, Any]) -> None:
    keys["build"] = text(given.pop("context", ".")).removeprefix("./") or "."
    if given.get("dockerfile") == "Dockerfile":
        del given["dockerfile"]
    for key in given:
        found.note(f"{path}.build.{key}", "not carried over: msctl builds the folder's Dockerfile as it is")


def _ports(found: Imported, path: str, entry: Mapping[str, Any], keys: dict[str, Any]) -> bool:
    ports: dict[int, bool] = {}
    for key in ("ports", "expose"):
        with noting(found, f"{path}.{key}"):
            for value in several(entry.get(key)):
                with noting(found, f"{path}.{key}"):
                    number, published = container_port(value)
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
    value = mapping(value)
    resources = mapping(value.get("resources"))
    limits = mapping(resources.get("limits"))
    for given, name, put in (
        (value, "replicas", _into("replicas", whole)),
        (limits, "memory", _into("resources.memory", size)),
        (limits, "cpus", _into("resources.cpus", decimal)),
    ):
        if name in given:
            with noting(found, f"{path}.{name}"):
                put(found, path, given[name], keys)
    for key in value:
        if key not in ("replicas", "resources"):
            found.note(f"{path}.{key}", "not carried over")
    if resources.get("reservations"):
        found.note(f"{path}.resources.reservations", "not carried over")


def _healthcheck(found: Imported, path: str, value: Any, keys: dict[str, Any]) -> None:
    value = mapping(value)
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
        converted = convert(value)
        target = keys.setdefault(section, {}) if section else keys
        target[key] = converted

    return put


_CONVERTERS: Mapping[str, Callable[[Imported, str, Any, dict[str, Any]], None]] = {
    "environment": _environment,
    "deploy": _deploy,
    "healthcheck": _healthcheck,
    "scale": _into("replicas", whole),
    "stop_grace_period": _into("stop_grace", duration),
    "mem_limit": _into("resources.memory", size),
    "cpus": _into("resources.cpus", decimal),
}
