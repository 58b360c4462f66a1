"""Path templates: ``/api/orders/{id}``, ``/files/{rest:path}``, and calls of aggregates."""

from __future__ import annotations

import re
from dataclasses import dataclass

from msctl.manifest.faults import Fault, shown, words
from msctl.manifest.names import METHODS

TEMPLATE_HINT = "such as /api/orders/{id} or /api/orders/{rest:path}"
_PARAMETER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(:path)?\}\Z", re.ASCII)
_LITERAL = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*\Z")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]\Z")
_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*)\}", re.ASCII)
_CALL = re.compile(r"(?P<method>[A-Z]+) (?P<service>[^\s:/]+):(?P<target>/\S*)\Z")
_LONGEST = 2048


@dataclass(frozen=True, slots=True)
class Template:
    """A route's path; ``shape`` is equal for paths that match the same requests."""

    parameters: tuple[str, ...]
    shape: str


@dataclass(frozen=True, slots=True)
class Call:
    """``GET orders:/orders/{id}`` in its parts; ``placeholders`` as written between braces."""

    method: str
    service: str
    target: str
    placeholders: tuple[str, ...]


def template(value: object) -> str:
    """Check a route's path and give it back."""
    parse_template(value)
    return str(value)


def parse_template(value: object) -> Template:
    """Read a route's path; a parameter fills a whole segment, a ``:path`` one is the last."""
    text = words(value, "a path", TEMPLATE_HINT)
    if not text.startswith("/") or len(text) > _LONGEST:
        raise Fault(f"{shown(value)} is not a path", f"begin it with '/', {TEMPLATE_HINT}")
    parameters: list[str] = []
    shape: list[str] = []
    segments = text[1:].split("/")
    for index, segment in enumerate(segments):
        last = index == len(segments) - 1
        shape.append(_segment(segment, parameters, last=last))
    return Template(tuple(parameters), "/" + "/".join(shape))


def _segment(segment: str, parameters: list[str], *, last: bool) -> str:
    if match := _PARAMETER.match(segment):
        name, rest = match[1], match[2]
        if name in parameters:
            raise Fault(f"two parameters are named '{name}'", "name each of them differently")
        if rest and not last:
            raise Fault(f"'{segment}' is not at the end", "a {name:path} parameter takes all that follows")
        parameters.append(name)
        return "{:path}" if rest else "{}"
    if "{" in segment or "}" in segment:
        raise Fault(
            f"'{segment}' is not a parameter", "a parameter fills a whole segment: {name} or {rest:path}"
        )
    plain = _ESCAPE.sub(_unescaped, segment)
    if (not segment and not last) or plain in {".", ".."}:
        raise Fault("an empty or dotted segment", "write the path without '//', '.' and '..'")
    if not _LITERAL.match(segment):
        raise Fault(
            f"'{segment}' is not a path segment", "percent-encode what a URL cannot hold; no '?' or '#'"
        )
    return plain


def _unescaped(match: re.Match[str]) -> str:
    """``%41`` and ``A`` are one path (RFC 3986, 6.2.2.2); other escapes stay, in capitals."""
    character = chr(int(match[1], 16))
    return character if _UNRESERVED.match(character) else match[0].upper()


def health_path(value: object) -> str:
    """A path without parameters, with or without a query."""
    hint = "a path such as /readyz"
    text = words(value, "a path", hint)
    if not re.match(r"/[!-z|~]*\Z", text) or text.startswith("//") or len(text) > _LONGEST:
        raise Fault(f"{shown(value)} is not a path", f"begin it with '/', {hint}")
    return text


def rewrite(value: object) -> str:
    """What goes upstream instead: a path that may repeat the route's parameters."""
    hint = "a path such as /orders/{rest}"
    text = words(value, "a path", hint)
    if not text.startswith("/") or len(text) > _LONGEST:
        raise Fault(f"{shown(value)} is not a path", f"begin it with '/', {hint}")
    _target(text, hint)
    return text


def _target(text: str, hint: str) -> tuple[str, ...]:
    rest = _PLACEHOLDER.sub("", text)
    if ":path}" in text:
        raise Fault(f"{shown(text)} has ':path' in it", "only a route's path says ':path'; write {name} here")
    if "{" in rest or "}" in rest:
        raise Fault(f"{shown(text)} has a broken parameter", hint)
    if re.search(r"[^!-~]|#", rest):
        raise Fault(f"{shown(text)} is not a path", "percent-encode what a URL cannot hold")
    return tuple(_PLACEHOLDER.findall(text))


def placeholders(text: str) -> tuple[str, ...]:
    """Names between braces."""
    return tuple(_PLACEHOLDER.findall(text))


def call(value: object) -> str:
    """Check an aggregate's call and give it back."""
    parse_call(value)
    return str(value)


def parse_call(value: object) -> Call:
    """Read ``METHOD service:/path``."""
    hint = "written 'GET orders:/orders/{id}'"
    text = words(value, "a call", hint)
    match = _CALL.match(text) if len(text) <= _LONGEST else None
    if match is None:
        raise Fault(f"{shown(value)} is not a call", hint)
    if match["method"] not in METHODS:
        raise Fault(f"'{match['method']}' is not an HTTP method", hint)
    return Call(match["method"], match["service"], match["target"], _target(match["target"], hint))
