"""Rules for entries under ``services``.

Services may call each other in circles: they do so at run time, and none waits for another to start.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from msctl.manifest import similar
from msctl.manifest.faults import Fault
from msctl.manifest.names import LONGEST_LABEL, TAKEN_BY_DATABASES, project, service
from msctl.manifest.nodes import Entry, Mapping, Path, Scalar, child, entries, items, text
from msctl.manifest.rules.context import Context, Mention, is_given, mentions

_LONGEST_SUFFIX = "-100"
_LONGEST_ROLE = "-registry"
NOT_EXTERNAL = (
    "port", "replicas", "database", "registration", "publishes", "subscribes", "event_retries",
    "stop_grace", "resources", "environment",
)  # fmt: skip
_NETWORK_PLACE = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?\Z")
_SECRET = re.compile(r"(?:PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|CREDENTIALS?)$", re.IGNORECASE)


def check_services(context: Context) -> None:
    """Every rule, for every service."""
    _project(context)
    for name, entry, path in context.services():
        _lengths(context, name, entry, path)
        if isinstance(entry.value, Mapping):
            _origin(context, entry, entry.value, path)
            _database(context, name, entry, entry.value, path)
            _calls(context, name, entry.value, path)
            _lists(context, entry.value, path)
            _circuit(context, entry.value, path)
            _environment(context, entry.value, path)


def _project(context: Context) -> None:
    node = child(context.root, "project")
    name = text(node)
    if node and name and len(name) + len(_LONGEST_ROLE) > LONGEST_LABEL >= len(name):
        most = LONGEST_LABEL - len(_LONGEST_ROLE)
        what = f"'{name}{_LONGEST_ROLE}' would be longer than {LONGEST_LABEL} characters"
        context.findings.on(node, ("project",), what, f"at most {most} characters here: DNS carries no more")


def _lengths(context: Context, name: str, entry: Entry, path: Path) -> None:
    prefix = text(child(context.root, "project")) or ""
    try:
        derived = f"{project(prefix)}-{service(name)}{_LONGEST_SUFFIX}"
    except Fault:
        return
    if len(derived) > LONGEST_LABEL:
        what = f"'{prefix}-{name}-1' would be too long with all its instances"
        most = LONGEST_LABEL - len(_LONGEST_SUFFIX) - 1
        context.findings.on(
            entry.key, path, what, f"project and service have at most {most} characters together"
        )


def _origin(context: Context, entry: Entry, node: Mapping, path: Path) -> None:
    context.exactly_one(
        node, (entry.key, path), ("build", "image", "external"), f"such as build: services/{path[1]}"
    )
    if not is_given(node.get("external")):
        return
    _elsewhere(context, node, path)
    for key in NOT_EXTERNAL:
        if key in node.entries:
            what = "does not apply to an external service"
            context.findings.on(node.entries[key].key, (*path, key), what, "remove it: msctl does not run it")


def _elsewhere(context: Context, node: Mapping, path: Path) -> None:
    """An address that means another place in every container is nobody's."""
    written = node.get("external")
    try:
        parts = urlsplit(text(written) or "")
    except ValueError:
        return  # the grammar has told that it is no URL
    at = (*path, "external")
    if written is None or not parts.hostname or parts.username is not None:
        return
    if not _NETWORK_PLACE.match(parts.netloc):
        hint = "a name in ASCII letters, digits, dashes and dots, or an address"
        context.findings.on(written, at, f"'{parts.netloc}' is no host", hint)
    if parts.scheme == "https":
        hint = "let a proxy that speaks TLS stand before it, and name that one"
        context.findings.on(written, at, "calls to services are not made over TLS", hint)
    if parts.hostname == "localhost" or parts.hostname.startswith("127.") or parts.hostname == "::1":
        hint = "name this machine as others see it, such as http://192.168.1.10:8080"
        context.findings.on(written, at, f"'{parts.hostname}' is each container itself", hint)


def _database(context: Context, name: str, entry: Entry, node: Mapping, path: Path) -> None:
    """The service's name is also the name of its account and database."""
    declared = node.get("database")
    engine = text(declared) or text(child(declared, "engine"))
    if engine is not None and name in TAKEN_BY_DATABASES.get(engine, ()):
        what = f"'{name}' cannot be the name of a service with a {engine} database"
        hint = f"{engine} keeps this name for itself: choose another one, such as {name}-service"
        context.findings.on(entry.key, path, what, hint)


def _calls(context: Context, name: str, node: Mapping, path: Path) -> None:
    for mention in mentions(node.get("calls"), (*path, "calls")):
        if mention.name == name:
            context.findings.on(mention.node, mention.path, "a service does not call itself", "remove it")
        elif context.require_service(mention):
            _called_scopes(context, mention)


def _called_scopes(context: Context, callee: Mention) -> None:
    declared = child(context.root, "services", callee.name, "scopes")
    names = [mention.name for mention in mentions(declared, ())]
    for scope in mentions(callee.value, callee.path):
        if scope.name not in names:
            known = ", ".join(names) or "none"
            what = f"'{callee.name}' has no scope '{scope.name}'"
            context.findings.on(
                scope.node, scope.path, what, similar.known(scope.name, names, f"it has: {known}")
            )


def _lists(context: Context, node: Mapping, path: Path) -> None:
    for key in ("scopes", "calls", "publishes"):
        context.no_repeats(mentions(node.get(key), (*path, key)))
    context.no_repeats(patterns(node, path))


def patterns(node: Mapping, path: Path) -> list[Mention]:
    """What a service subscribes to, in either form."""
    listed = node.get("subscribes")
    found = mentions(listed, (*path, "subscribes"))
    for index, item in enumerate(items(listed)):
        pattern = child(item, "pattern")
        name = text(pattern)
        if pattern is not None and name is not None:
            found.append(Mention(name, pattern, (*path, "subscribes", index, "pattern")))
    return sorted(found, key=lambda mention: (mention.node.line, mention.node.column))


def _circuit(context: Context, node: Mapping, path: Path) -> None:
    longest = child(node, "circuit", "wait_max")
    growth = child(node, "circuit", "wait_growth")
    if longest is not None and not is_given(growth):
        what, hint = "has no meaning without 'wait_growth'", "add wait_growth: 2, or remove it"
        context.findings.on(longest, (*path, "circuit", "wait_max"), what, hint)


def _environment(context: Context, node: Mapping, path: Path) -> None:
    for name, entry in entries(node.get("environment")):
        place = (*path, "environment", name)
        if name == "PORT" or name.startswith("MSCTL_"):
            hint = "use the key 'port'" if name == "PORT" else "choose another name"
            context.findings.on(entry.key, place, "msctl sets this variable itself", hint)
        elif _SECRET.search(name) and isinstance(entry.value, Scalar) and entry.value.text:
            hint = "let the service read it from a file"
            context.warnings.on(entry.key, place, "a secret in the environment is shown by the engine", hint)
