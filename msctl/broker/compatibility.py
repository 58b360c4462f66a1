"""Whether readers of an event's old schema can read what its new one allows: pure, and on the careful side.

Readers were written against the old schema, so everything that the new one lets through has to be allowed by
the old one. What cannot be compared counts as a difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from msctl.broker.schema_shape import Schema, alternatives, types_of

Breaks: TypeAlias = tuple[str, ...]

_AT_LEAST = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_AT_MOST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_EQUAL = (
    "pattern", "format", "multipleOf", "patternProperties", "propertyNames", "dependentRequired",
    "dependentSchemas", "if", "then", "else", "not", "contains", "minContains", "maxContains", "prefixItems",
    "unevaluatedProperties", "unevaluatedItems", "allOf", "$ref", "$dynamicRef",
)  # fmt: skip
_MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two documents; references are looked up in each, ``seen`` are pairs under comparison."""

    old: Schema
    new: Schema
    seen: frozenset[tuple[int, int]] = frozenset()


def breaks(old: Schema, new: Schema) -> Breaks:
    """What of ``new`` a reader of ``old`` may choke on, each as ``place: what``; nothing when it is safe."""
    return tuple(dict.fromkeys(_compare(old, new, "data", _Pair(old, new))))


def _compare(old: Any, new: Any, place: str, pair: _Pair) -> list[str]:
    mark = (id(old), id(new))
    if mark in pair.seen:
        return []
    deeper = _Pair(pair.old, pair.new, pair.seen | {mark})
    readers = alternatives(old, pair.old)
    found: list[str] = []
    for candidate in alternatives(new, pair.new):
        tried = [list(_one(reader, candidate, place, deeper)) for reader in readers]
        if all(tried):
            found += tried[0] if len(readers) == 1 else [f"{place}: matches no alternative of the old schema"]
    return found


def _one(old: Schema, new: Schema, place: str, pair: _Pair) -> Iterator[str]:
    if old == new and not _refers(old):
        return
    yield from _values(old, new, place)
    kinds = types_of(new)
    extra = sorted(kind for kind in kinds if kind not in types_of(old))
    if extra:
        yield f"{place}: may now be {' or '.join(extra)}"
    yield from _bounds(old, new, place)
    yield from (f"{place}: '{key}' changed" for key in _EQUAL if key in old and old[key] != new.get(key))
    if "object" in kinds:
        yield from _objects(old, new, place, pair)
    if "array" in kinds:
        yield from _arrays(old, new, place, pair)


def _refers(schema: Any) -> bool:
    """Whether equal texts may mean different things in two documents."""
    if isinstance(schema, Mapping):
        return "$ref" in schema or any(_refers(value) for value in schema.values())
    return isinstance(schema, Sequence) and not isinstance(schema, str) and any(map(_refers, schema))


def _values(old: Schema, new: Schema, place: str) -> Iterator[str]:
    allowed = _enumerated(old)
    if allowed is None:
        return
    coming = _enumerated(new)
    if coming is None:
        yield f"{place}: was one of {len(allowed)} values, may now be any"
        return
    added = [value for value in coming if value not in allowed]
    if added:
        shown = ", ".join(map(repr, added[:_MOST_SHOWN]))
        yield f"{place}: may now be {shown}"


def _enumerated(schema: Schema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    values = schema.get("enum")
    return list(values) if isinstance(values, list) else None


def _bounds(old: Schema, new: Schema, place: str) -> Iterator[str]:
    if _enumerated(new) is not None:
        return
    for key in _AT_LEAST:
        if key in old and (key not in new or new[key] < old[key]):
            yield f"{place}: {key} was {old[key]}, is {new.get(key, 'gone')}"
    for key in _AT_MOST:
        if key in old and (key not in new or new[key] > old[key]):
            yield f"{place}: {key} was {old[key]}, is {new.get(key, 'gone')}"
    if old.get("uniqueItems") and not new.get("uniqueItems"):
        yield f"{place}: items may now repeat"


def _objects(old: Schema, new: Schema, place: str, pair: _Pair) -> Iterator[str]:
    needed = set(new.get("required", ()))
    for name in old.get("required", ()):
        if name not in needed:
            yield f"{place}.{name}: was always there, may now be missing"
    known, coming = old.get("properties", {}), new.get("properties", {})
    others = old.get("additionalProperties", True)
    for name, schema in coming.items():
        if name in known:
            yield from _compare(known[name], schema, f"{place}.{name}", pair)
        elif others is False:
            yield f"{place}.{name}: is new, the old schema allows no further property"
        else:
            yield from _compare(others, schema, f"{place}.{name}", pair)
    rest = new.get("additionalProperties", True)
    if rest is not False and others is not True:
        yield from _compare(others, rest, f"{place}.*", pair)


def _arrays(old: Schema, new: Schema, place: str, pair: _Pair) -> Iterator[str]:
    if "items" in old:
        yield from _compare(old["items"], new.get("items", True), f"{place}[]", pair)
