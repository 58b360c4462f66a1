"""Which route answers a request: a trie over path segments, compiled once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple, Protocol

from msctl.gateway.edits import Edits, compile_edits
from msctl.gateway.template import Rewrite, Template, compile_rewrite, parse_template, split_path
from msctl.model.project import Route

USUAL_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
REMEMBERED, LONGEST_REMEMBERED = 1024, 256
"""How many paths that were asked for last are found again at once, and how long one may be."""

NEVER_BY_DEFAULT = frozenset({"TRACE", "CONNECT"})


class Conditions(Protocol):
    """What of a request, besides path and method, can decide a route; ``header`` takes lower-case names."""

    @property
    def host(self) -> str:
        """The authority asked for."""

    def header(self, name: str) -> str | None:
        """The value of the only header of this name, else None."""


@dataclass(frozen=True, slots=True, eq=False)
class CompiledRoute:
    """A route ready for use; ``number`` is its place in the document, ``label`` its name in metrics."""

    route: Route
    number: int
    template: Template
    rewrite: Rewrite | None
    methods: frozenset[str]
    hosts: tuple[str, ...]
    headers: tuple[tuple[str, str], ...]
    allow: str
    label: str
    request_edits: Edits
    response_edits: Edits

    def allows(self, method: str) -> bool:
        """Whether the method is listed, or any method is fine."""
        return method in self.methods if self.methods else method not in NEVER_BY_DEFAULT


class Match(NamedTuple):
    """The route that answers, and the path's segments as they came."""

    route: CompiledRoute
    raw: Sequence[str]


@dataclass(frozen=True, slots=True)
class WrongMethod:
    """The path is known, the method is not; ``routes`` share the winning template."""

    allow: str
    routes: tuple[CompiledRoute, ...]


@dataclass(slots=True)
class _Node:
    literals: dict[str, _Node] = field(default_factory=dict)
    parameter: _Node | None = None
    here: list[CompiledRoute] = field(default_factory=list)
    rest: list[CompiledRoute] = field(default_factory=list)


class Router:
    """An immutable route table; matching takes the time of the path's length, not of the table's."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self.routes = tuple(compile_route(route, number) for number, route in enumerate(routes))
        self._root = _Node()
        for compiled in self.routes:
            self._insert(compiled)
        self._only_paths_count = not any(c.hosts or c.headers for c in self.routes)
        self._remembered = lru_cache(REMEMBERED)(self._look_up)

    def match(self, path: str, request: Conditions, method: str) -> Match | WrongMethod | None:
        """The route for a path; None when no template fits. Raises BadPath for an ambiguous path."""
        if self._only_paths_count and len(path) <= LONGEST_REMEMBERED:
            return self._remembered(path, method)
        return self._look_up(path, method, request)

    def _look_up(
        self, path: str, method: str, request: Conditions | None = None
    ) -> Match | WrongMethod | None:
        """The verdict; there is no ``request`` if only paths and methods count."""
        raw, canonical = split_path(path)
        found = _find(self._root, canonical, 0, request)
        if found is None:
            return None
        for route in found:
            if route.allows(method):
                return Match(route, raw)
        allow = {method for route in found for method in route.allow.split(", ")}
        return WrongMethod(", ".join(sorted(allow)), tuple(found))

    def _insert(self, compiled: CompiledRoute) -> None:
        node = self._root
        for segment in compiled.template.segments:
            if segment is None:
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.literals.setdefault(segment, _Node())
        group = node.here if compiled.template.rest is None else node.rest
        group.append(compiled)
        group.sort(key=_specificity)


def compile_route(route: Route, number: int) -> CompiledRoute:
    """Prepare one route; its template and rewrite have been checked when the document was read."""
    template = parse_template(route.path)
    methods = frozenset(route.methods) | ({"HEAD"} if "GET" in route.methods else set())
    if route.aggregate:
        methods = frozenset({"GET", "HEAD"})
    return CompiledRoute(
        route=route,
        number=number,
        template=template,
        rewrite=compile_rewrite(route.rewrite, template) if route.rewrite is not None else None,
        methods=methods,
        hosts=tuple(host.lower() for host in route.hosts),
        headers=tuple((name.lower(), value) for name, value in route.headers.items()),
        allow=", ".join(sorted(methods or USUAL_METHODS)),
        label=template.text,
        request_edits=compile_edits(route.request_headers),
        response_edits=compile_edits(route.response_headers),
    )


def conditions_hold(compiled: CompiledRoute, request: Conditions) -> bool:
    """Whether the request's host and headers are those the route asks for."""
    if compiled.hosts:
        host = hostname(request.host)
        if not any(_is_host(pattern, host) for pattern in compiled.hosts):
            return False
    return all(_has(request.header(name), wanted) for name, wanted in compiled.headers)


def hostname(authority: str) -> str:
    """The host of an authority without its port, in lower case."""
    return re.sub(r":\d*\Z", "", authority).lower()


def _find(
    node: _Node, segments: Sequence[str], index: int, request: Conditions | None
) -> Sequence[CompiledRoute] | None:
    while index < len(segments) and node.parameter is None and not node.rest:
        only = node.literals.get(segments[index])
        if only is None:
            return None
        node, index = only, index + 1
    if index == len(segments):
        return _holding(node.here, request) or _holding(node.rest, request)
    segment = segments[index]
    child = node.literals.get(segment)
    if child is not None and (found := _find(child, segments, index + 1, request)):
        return found
    if (
        node.parameter is not None
        and segment
        and (found := _find(node.parameter, segments, index + 1, request))
    ):
        return found
    return _holding(node.rest, request)


def _holding(routes: Sequence[CompiledRoute], request: Conditions | None) -> Sequence[CompiledRoute] | None:
    if request is None:
        return routes or None
    return [route for route in routes if conditions_hold(route, request)] or None


def _is_host(pattern: str, host: str) -> bool:
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


def _has(value: str | None, wanted: str) -> bool:
    return value is not None and wanted in ("*", value)


def _specificity(compiled: CompiledRoute) -> tuple[int, int, int]:
    exact = any(not host.startswith("*.") for host in compiled.hosts)
    hosts = 0 if exact else 1 if compiled.hosts else 2
    return hosts, -len(compiled.headers), compiled.number
