"""Which route would answer a request, and why: the data behind ``msctl routes match``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msctl.gateway.router import CompiledRoute, Match, Router, WrongMethod, conditions_hold
from msctl.gateway.template import BadPath, split_path, values_of, with_query
from msctl.model.project import Route


@dataclass(frozen=True, slots=True)
class Considered:
    """A route whose path fits, and what speaks for or against it."""

    route: Route
    verdict: str
    wins: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """``status`` is None when a route answers, else what the gateway would say; ``why`` is one sentence.

    ``target`` is the path and query upstream, ``parameters`` the values of the template's names.
    """

    status: int | None
    why: str
    route: Route | None = None
    target: str | None = None
    parameters: Mapping[str, str] | None = None
    considered: tuple[Considered, ...] = ()


@dataclass(frozen=True, slots=True)
class _Asked:
    host: str
    headers: Mapping[str, str]

    def header(self, name: str) -> str | None:
        return self.headers.get(name)


def match_explained(
    routes: Sequence[Route],
    method: str,
    target: str,
    host: str = "localhost",
    headers: Mapping[str, str] | None = None,
) -> Explanation:
    """Say which of ``routes`` answers ``METHOD target`` and why; pure, nothing is called."""
    router = Router(routes)
    asked = _Asked(host, {name.lower(): value for name, value in (headers or {}).items()})
    path, mark, query = target.partition("?")
    query = mark + query
    try:
        raw, canonical = split_path(path)
        found = router.match(path, asked, method)
    except BadPath as exc:
        return Explanation(400, f"the gateway refuses this path: {exc}")
    fitting = [compiled for compiled in router.routes if _fits(compiled, canonical)]
    if found is None:
        why = "no route's path fits" if not fitting else "a path fits, but no route's hosts and headers do"
        return Explanation(404, why, considered=_considered(fitting, None, asked, method))
    considered = _considered(fitting, found.route if isinstance(found, Match) else None, asked, method)
    if isinstance(found, WrongMethod):
        why = f"'{found.routes[0].label}' fits best, but takes only {found.allow}"
        return Explanation(405, why, considered=considered)
    winner = found.route
    upstream = target if winner.rewrite is None else with_query(winner.rewrite(raw), query)
    why = _why(winner, fitting)
    return Explanation(None, why, winner.route, upstream, values_of(winner.template, raw), considered)


def _fits(compiled: CompiledRoute, segments: Sequence[str]) -> bool:
    wanted = compiled.template.segments
    if len(segments) < len(wanted) or (len(segments) > len(wanted) and compiled.template.rest is None):
        return False
    pairs = zip(wanted, segments, strict=False)
    return all(segment != "" if literal is None else literal == segment for literal, segment in pairs)


def _why(winner: CompiledRoute, fitting: Sequence[CompiledRoute]) -> str:
    others = [c for c in fitting if c is not winner]
    if not others:
        return "the only route whose path fits"
    if any(
        c.template.segments == winner.template.segments and c.template.rest == winner.template.rest
        for c in others
    ):
        return "of the routes with this path, its hosts, headers and methods fit best"
    return "its path has the longest literal prefix of those that fit"


def _considered(
    fitting: Sequence[CompiledRoute], winner: CompiledRoute | None, asked: _Asked, method: str
) -> tuple[Considered, ...]:
    return tuple(Considered(c.route, _verdict(c, winner, asked, method), c is winner) for c in fitting)


def _verdict(compiled: CompiledRoute, winner: CompiledRoute | None, asked: _Asked, method: str) -> str:
    if compiled is winner:
        return "answers"
    if not conditions_hold(compiled, asked):
        return "its hosts or headers are not those of the request"
    if not compiled.allows(method):
        return f"does not take {method}"
    return "another route is more specific"
