"""Names that DNS, Consul, Docker, OAuth, AMQP and HTTP can carry."""

from __future__ import annotations

import re
import unicodedata

from msctl.manifest.faults import Fault, shown, words

ROLES = frozenset({"registry", "broker", "gateway", "auth", "agent", "observer", "metrics"})
_TAKEN_SERVICES = {
    **dict.fromkeys(ROLES, "a part of the platform has this name"),
    "consul": "Consul registers itself under this name",
    "operator": "the tokens of whoever runs the project are issued to this name",
    "localhost": "every container calls itself so",
}
_TAKEN_PROJECTS = {
    **dict.fromkeys(("bridge", "host", "none", "default", "ingress"), "Docker has a network of this name"),
    "msctl": "the platform's own images have this name",
}
TAKEN_BY_DATABASES = {
    "postgres": frozenset({"postgres", "template0", "template1", "public", "none"}),
    "mariadb": frozenset(
        {"root", "mysql", "mariadb", "sys", "information-schema", "performance-schema"}
        | {"test", "healthcheck"}
    ),
    "redis": frozenset({"default"}),
}
"""By engine: its own accounts, databases and reserved words; a service's name becomes both."""

LONGEST_LABEL = 63
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\Z")
_LABEL_HINT = "lower-case letters, digits and dashes, at most 63"
_SCOPE = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]{1,128}\Z")
_TOPIC_WORD = re.compile(r"[A-Za-z0-9_-]+\Z")
_LONGEST_TOPIC = 255
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}\Z")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}\Z")
_PART = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,62}\Z")
_HOST = re.compile(
    r"(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z"
)
_LONGEST_HOST = 253
_OWN_HEADERS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade"}
    | {"expect", "date", "via", "forwarded", "x-request-id", "traceparent", "tracestate", "x-timeout-ms"}
    | {"proxy"}
)
_OWN_FAMILIES = ("x-forwarded-", "proxy-")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def _label(value: object, what: str) -> str:
    text = words(value, what, _LABEL_HINT)
    if len(text) > LONGEST_LABEL:
        raise Fault(f"{what} has {len(text)} characters", f"at most {LONGEST_LABEL}: DNS carries no more")
    if not _LABEL.match(text):
        meant = label_like(text)
        hint = f"did you mean '{meant}'? {_LABEL_HINT}" if meant else _LABEL_HINT
        raise Fault(f"{shown(value)} cannot be {what}", hint)
    return text


def label_like(text: str) -> str:
    """The letters, digits and dashes nearest to ``text``, accents left out; may be empty."""
    plain = unicodedata.normalize("NFKD", text.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def project(value: object) -> str:
    """A project's name: a DNS label that Docker has not taken."""
    text = _label(value, "a project's name")
    if reason := _TAKEN_PROJECTS.get(text):
        raise Fault(f"'{text}' cannot be a project's name", reason)
    return text


def unusable_project(name: str) -> str | None:
    """What keeps ``name`` from being a project's, ``None`` if nothing does."""
    try:
        project(name)
    except Fault as fault:
        return f"{fault.what}, {fault.hint}" if fault.hint else fault.what
    return None


def service(value: object) -> str:
    """A service's name: a DNS label that is not a role's."""
    text = _label(value, "a service's name")
    if reason := _TAKEN_SERVICES.get(text):
        raise Fault(f"'{text}' cannot be a service's name", reason)
    return text


def reference(value: object) -> str:
    """A service's name where it is only mentioned; whether it exists is asked elsewhere."""
    return words(value, "a service's name", "the name of an entry under services")


def client(value: object) -> str:
    """An outside client's name."""
    return _label(value, "a client's name")


def scope(value: object) -> str:
    """A scope of RFC 6749: visible ASCII without quote and backslash."""
    hint = "such as orders:read"
    text = words(value, "a scope", hint)
    if not _SCOPE.match(text):
        raise Fault(f"{shown(value)} is not a scope", f"no spaces, quotes or backslashes, {hint}")
    return text


def event(value: object) -> str:
    """An event type: words joined by dots."""
    hint = "words joined by dots, such as order.placed"
    text = words(value, "an event type", hint)
    if "*" in text or "#" in text:
        raise Fault(f"{shown(value)} is a pattern", f"name each event type that is published, {hint}")
    return _topic(text, "an event type", hint, frozenset())


def pattern(value: object) -> str:
    """A topic pattern: ``*`` stands for one word, ``#`` for any number of words."""
    hint = "words joined by dots, '*' for one word, '#' for any number, such as payment.*"
    return _topic(words(value, "a topic pattern", hint), "a topic pattern", hint, frozenset({"*", "#"}))


def _topic(text: str, what: str, hint: str, wild: frozenset[str]) -> str:
    if len(text.encode()) > _LONGEST_TOPIC:
        raise Fault(f"{what} has {len(text)} characters", f"at most {_LONGEST_TOPIC}")
    if not all(word in wild or _TOPIC_WORD.match(word) for word in text.split(".")):
        raise Fault(f"{shown(text)} is not {what}", hint)
    return text


def method(value: object) -> str:
    """An HTTP method that a route may name."""
    hint = "one of " + ", ".join(METHODS)
    text = words(value, "an HTTP method", hint)
    if text not in METHODS:
        meant = f"did you mean '{text.upper()}'?" if text.upper() in METHODS else hint
        raise Fault(f"{shown(value)} is not an HTTP method", meant)
    return text


def header(value: object) -> str:
    """A header's name."""
    hint = "a header's name such as X-Tenant"
    text = words(value, "a header's name", hint)
    if not _TOKEN.match(text):
        raise Fault(f"{shown(value)} is not a header's name", hint)
    return text


def edited_header(value: object) -> str:
    """A header that a route may set or remove: none that the gateway itself answers for."""
    text = header(value)
    plain = text.lower().replace("_", "-")
    if plain in _OWN_HEADERS or plain.startswith(_OWN_FAMILIES):
        hint = "framing, addresses, tracing and deadlines are not edited"
        raise Fault(f"'{text}' is set by the gateway itself", hint)
    return text


def header_value(value: object) -> str:
    """A header's value: one line of text."""
    text = words(value, "a header's value", "text in one line")
    if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", text) or text != text.strip():
        raise Fault("this is not a header's value", "text in one line, no blanks around it")
    return text


def host(value: object) -> str:
    """A host name, or ``*.`` and a domain."""
    hint = "a host name such as shop.example.com or *.example.com"
    text = words(value, "a host name", hint)
    if len(text) > _LONGEST_HOST or not _HOST.match(text.lower()):
        raise Fault(f"{shown(value)} is not a host name", hint)
    return text.lower()


def variable(value: object) -> str:
    """An environment variable's name."""
    hint = "letters, digits and underscores, such as LOG_LEVEL"
    text = words(value, "a variable's name", hint)
    if not _VARIABLE.match(text):
        raise Fault(f"{shown(value)} is not a variable's name", hint)
    return text


def part(value: object) -> str:
    """The name of one call in an aggregate; later calls refer to it."""
    hint = "letters, digits, dashes and underscores"
    text = words(value, "a part's name", hint)
    if not _PART.match(text):
        raise Fault(f"{shown(value)} cannot be a part's name", hint)
    return text
