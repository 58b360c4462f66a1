"""Path templates: ``/api/orders/{id}``, ``/files/{rest:path}``, and what a rewrite makes of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from msctl.manifest.faults import Fault
from msctl.model.project import Route

_PARAMETER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(:path)?\}")
_LITERAL = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})*\Z")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_SEPARATORS = re.compile(r"%2F|%5C|/|\\")
_PARAMETERS = re.compile(r";|%3B")
_QUERY_MARKS = re.compile(r"[^A-Za-z0-9\-._~/%]")
_DOTS = frozenset({".", ".."})


class BadPath(Exception):
    """A request path that servers read differently (dot segments, backslashes, broken escapes)."""


@dataclass(frozen=True, slots=True)
class Template:
    """``segments`` hold literal text, or None for a parameter; ``rest`` names the path parameter at the end.

    ``parameters`` maps names to positions among the segments.
    """

    text: str
    segments: tuple[str | None, ...]
    parameters: tuple[tuple[str, int], ...]
    rest: str | None

    @property
    def names(self) -> frozenset[str]:
        """Every parameter, the rest included."""
        return frozenset(name for name, _ in self.parameters) | ({self.rest} if self.rest else set())


Rewrite = Callable[[Sequence[str]], str]
"""Makes a target path out of the raw segments of a request path."""


def parse_template(text: str) -> Template:
    """Compile a template; faults say what is wrong with it."""
    if not text.startswith("/"):
        raise Fault(f"'{text}' does not begin with /")
    segments: list[str | None] = []
    parameters: list[tuple[str, int]] = []
    rest: str | None = None
    for part in text[1:].split("/"):
        if rest is not None:
            raise Fault(f"nothing can follow {{{rest}:path}} in '{text}'")
        match = _PARAMETER.fullmatch(part)
        if match is None:
            segments.append(_literal(part, text))
        elif match[2]:
            rest = match[1]
        else:
            parameters.append((match[1], len(segments)))
            segments.append(None)
    names = [name for name, _ in parameters] + ([rest] if rest else [])
    if len(set(names)) != len(names):
        raise Fault(f"a parameter appears twice in '{text}'")
    return Template(text, tuple(segments), tuple(parameters), rest)


def _literal(part: str, text: str) -> str:
    if "{" in part or "}" in part:
        raise Fault(
            f"'{part}' in '{text}' is not understood", "a parameter fills a whole segment: /orders/{id}"
        )
    if not _LITERAL.match(part):
        raise Fault(f"'{part}' in '{text}' has a character that needs percent-encoding")
    canonical = _canonical(part)
    if canonical in _DOTS:
        raise Fault(f"'{text}' has a dot segment")
    return canonical


def split_path(path: str) -> tuple[list[str], list[str]]:
    """The raw and the canonical segments of a request path; raises BadPath for ambiguous ones."""
    raw = path[1:].split("/")
    if "%" not in path and "\\" not in path:
        if "/." in path and any(_is_dotted(segment) for segment in raw):
            raise BadPath("a dot segment in the path")
        return raw, raw
    if "\\" in path:
        raise BadPath("a backslash in the path")
    canonical = [_canonical(segment) for segment in raw]
    for segment in canonical:
        if "%00" in segment or any(_is_dotted(part) for part in _SEPARATORS.split(segment)):
            raise BadPath("an encoded dot segment or NUL in the path")
    return raw, canonical


def _is_dotted(segment: str) -> bool:
    """``..`` and what servers with path parameters read as such: ``..;x``."""
    return segment[:1] == "." and _PARAMETERS.split(segment, maxsplit=1)[0] in _DOTS


def _canonical(segment: str) -> str:
    if "%" not in segment:
        return segment
    if segment.count("%") != len(_ESCAPE.findall(segment)):
        raise BadPath("a broken percent-encoding in the path")
    return _ESCAPE.sub(_decode_unreserved, segment)


def _decode_unreserved(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return character if character in _UNRESERVED else match[0].upper()


def values_of(template: Template, raw: Sequence[str]) -> dict[str, str]:
    """The raw text of each parameter; the rest without its leading slash."""
    values = {name: raw[position] for name, position in template.parameters}
    if template.rest is not None:
        values[template.rest] = "/".join(raw[len(template.segments) :])
    return values


def compile_rewrite(rewrite: str, template: Template) -> Rewrite:
    """A function from raw segments to the new target; ``/{rest}`` vanishes whole when rest is nothing."""
    if not rewrite.startswith("/"):
        raise Fault(f"rewrite '{rewrite}' does not begin with /")
    pieces: list[str | Callable[[Sequence[str]], str]] = []
    end = 0
    for match in _PARAMETER.finditer(rewrite):
        literal = rewrite[end : match.start()]
        end = match.end()
        if match[1] not in template.names:
            raise Fault(f"rewrite '{rewrite}' uses {{{match[1]}}}, which '{template.text}' does not have")
        swallow = match[1] == template.rest and literal.endswith("/")
        pieces.append(literal[:-1] if swallow else literal)
        filled = _piece(match[1], template, swallow)
        pieces.append(_for_query(filled) if "?" in rewrite[: match.start()] else filled)
    pieces.append(rewrite[end:])
    for piece in pieces:
        if isinstance(piece, str) and not re.fullmatch(r"[\x21\x24-\x7a\x7e]*", piece):
            raise Fault(f"rewrite '{rewrite}' is not understood")
    return lambda raw: _rooted("".join(p if isinstance(p, str) else p(raw) for p in pieces))


def _rooted(target: str) -> str:
    """With one slash at the beginning: ``//host`` is an authority to some servers."""
    return target if target[:1] == "/" and target[:2] != "//" else "/" + target.lstrip("/")


def _for_query(piece: Callable[[Sequence[str]], str]) -> Callable[[Sequence[str]], str]:
    """A parameter in a query, where a path's ``&`` or ``=`` would begin another one."""
    return lambda raw: _QUERY_MARKS.sub(lambda mark: f"%{ord(mark[0]):02X}", piece(raw))


def with_query(target: str, query: str) -> str:
    """A rewritten target and the client's own query, which begins with its question mark."""
    return f"{target}&{query[1:]}" if query and "?" in target else target + query


def _piece(name: str, template: Template, swallow: bool) -> Callable[[Sequence[str]], str]:
    if name == template.rest:
        start = len(template.segments)
        if swallow:
            return lambda raw: "/" + "/".join(raw[start:]) if len(raw) > start else ""
        return lambda raw: "/".join(raw[start:])
    position = dict(template.parameters)[name]
    return lambda raw: raw[position]


def check_route(route: Route) -> None:
    """Fault on a route that cannot work; references to services are checked elsewhere."""
    template = parse_template(route.path)
    if route.rewrite is not None:
        compile_rewrite(route.rewrite, template)
    targets = sum((route.service is not None, bool(route.services), bool(route.aggregate)))
    if targets != 1:
        raise Fault("a route needs exactly one of service, services, aggregate")
    if route.services and not any(route.services.values()):
        raise Fault("every weight is 0")
    if route.aggregate and not set(route.methods) <= {"GET", "HEAD"}:
        raise Fault("an aggregate answers GET only")
