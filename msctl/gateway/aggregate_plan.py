"""What an aggregate asks for and in which order, and how earlier answers fill later calls."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from msctl.manifest.faults import Fault
from msctl.model.project import AggregatePart

_CALL = re.compile(r"(GET) ([A-Za-z0-9-]{1,63}):(/[\x21\x24-\x3b\x3d\x3f-\x7e]*)\Z")
_FIELD = re.compile(r"\{([A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*)\}")


_AMBIGUOUS = re.compile(r"[/\\\0]|\A\.\.?(?:;|\Z)")


@dataclass(frozen=True, slots=True)
class Call:
    """``GET orders:/orders/{id}`` taken apart; ``fields`` are the dotted names in braces."""

    method: str
    service: str
    template: str
    fields: tuple[str, ...]


class MissingField(Exception):
    """A field that a later call needs is not in the earlier answer."""


def parse_call(text: str) -> Call:
    """Read a part's ``call``; faults say what is wrong."""
    match = _CALL.match(text)
    if match is None:
        raise Fault(f"'{text}' is no call", 'such as "GET orders:/orders/{id}"')
    fields = tuple(_FIELD.findall(match[3]))
    if "{" in _FIELD.sub("", match[3]) or "}" in _FIELD.sub("", match[3]):
        raise Fault(f"a field in '{text}' is not understood")
    return Call(match[1], match[2], match[3], fields)


def check_parts(parts: Sequence[AggregatePart]) -> Iterator[tuple[str, str]]:
    """Every mistake in the parts, as pairs of part name and what is wrong."""
    names = {part.name for part in parts}
    for part in parts:
        if part.name.startswith("_"):
            yield part.name, "a part's name cannot begin with _"
        for earlier in part.after:
            if earlier not in names or earlier == part.name:
                yield part.name, f"'after' names '{earlier}', which is no other part"
        for name in parse_call(part.call).fields:
            first = name.partition(".")[0]
            if "." in name and first not in part.after:
                yield part.name, f"{{{name}}} needs 'after: {first}'"
    for name in _in_cycle(parts):
        yield name, "waits for itself"


def check_parameters(parts: Sequence[AggregatePart], known: Collection[str]) -> None:
    """Fault on a call that uses a parameter which the route's path does not have."""
    for part in parts:
        for name in parse_call(part.call).fields:
            if "." not in name and name not in known:
                raise Fault(f"part '{part.name}' uses {{{name}}}, which the route's path does not have")


def _in_cycle(parts: Sequence[AggregatePart]) -> list[str]:
    waiting = {part.name: set(part.after) & {p.name for p in parts} for part in parts}
    while ready := [name for name, earlier in waiting.items() if not earlier]:
        for name in ready:
            del waiting[name]
        for earlier in waiting.values():
            earlier.difference_update(ready)
    return list(waiting)


class UnfitField(Exception):
    """A field's value cannot stand where the call has it; servers read such a path differently."""


def fill(call: Call, values: Mapping[str, object]) -> str:
    """The target of a call: path parameters by name, fields of earlier answers by dotted name.

    Every value is percent-encoded, so that no answer can reach another path or parameter.
    """
    query = call.template.find("?")

    def filled(match: re.Match[str]) -> str:
        text = _text(match[1], values)
        in_path = query < 0 or match.start() < query
        if in_path and "." in match[1] and _AMBIGUOUS.search(text):
            raise UnfitField(match[1])
        try:
            return quote(text, safe="")
        except UnicodeEncodeError as exc:
            raise UnfitField(match[1]) from exc

    return _FIELD.sub(filled, call.template)


def _text(name: str, values: Mapping[str, object]) -> str:
    found: object = values
    for step in name.split("."):
        if isinstance(found, Mapping) and step in found:
            found = found[step]
        elif isinstance(found, list) and step.isdigit() and int(step) < len(found):
            found = found[int(step)]
        else:
            raise MissingField(name)
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, str | int | float) and found != "":
        return str(found)
    raise MissingField(name)
