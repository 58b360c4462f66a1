"""A JSON Schema brought into a shape that can be compared: references followed, combinations unfolded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]

_KINDS = ("null", "boolean", "object", "array", "number", "string", "integer")
_NOTES = frozenset({"title", "description", "default", "examples", "$comment", "deprecated", "readOnly",
                    "writeOnly", "$schema", "$id", "$defs", "definitions"})  # fmt: skip
_NOTHING: Schema = {"enum": []}
_DEEPEST = 50


def alternatives(schema: Any, document: Schema) -> list[Schema]:
    """What ``schema`` allows as schemas of which any may hold, without notes for people."""
    return _unfolded(schema, document, 0)


def types_of(schema: Schema) -> frozenset[str]:
    """The kinds of values it allows; whoever takes numbers takes integers."""
    declared = schema.get("type", _KINDS)
    kinds = {declared} if isinstance(declared, str) else set(declared)
    kinds |= {"integer"} if "number" in kinds else set()
    if "const" in schema or "enum" in schema:
        values = [schema["const"]] if "const" in schema else schema["enum"]
        kinds &= {_kind(value) for value in values}
    return frozenset(kinds)


def _unfolded(schema: Any, document: Schema, depth: int) -> list[Schema]:
    if schema is True:
        return [{}]
    if schema is False:
        return [_NOTHING]
    bare = {key: value for key, value in schema.items() if key not in _NOTES}
    if depth > _DEEPEST:
        return [bare]
    found: list[Schema] = [
        {key: value for key, value in bare.items() if key not in {"anyOf", "oneOf", "allOf", "$ref"}}
    ]
    target = _referenced(bare.get("$ref"), document)
    if "$ref" in bare:
        found = _both(
            found, [{"$ref": bare["$ref"]}] if target is None else _unfolded(target, document, depth + 1)
        )
    for part in bare.get("allOf", ()):
        found = _both(found, _unfolded(part, document, depth + 1))
    for key in ("anyOf", "oneOf"):
        if key in bare:
            found = _both(found, [one for part in bare[key] for one in _unfolded(part, document, depth + 1)])
    return found


def _referenced(reference: Any, document: Schema) -> Any:
    """What ``#/$defs/x`` points to in ``document``; ``None`` for what lies elsewhere or nowhere."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    target: Any = document
    for step in filter(None, reference[1:].split("/")):
        key = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(target, Mapping) or key not in target:
            return None
        target = target[key]
    return target


def _both(left: list[Schema], right: list[Schema]) -> list[Schema]:
    return [_merged(one, other) for one in left for other in right]


def _merged(one: Schema, other: Schema) -> Schema:
    """Both at once; what they say differently of one thing is kept as a combination nobody looks into."""
    merged = dict(one)
    clash = False
    for key, value in other.items():
        if key not in merged or merged[key] == value:
            merged[key] = value
        elif key == "required":
            merged[key] = sorted({*merged[key], *value})
        elif key == "properties" and all(merged[key].get(name, sub) == sub for name, sub in value.items()):
            merged[key] = {**merged[key], **value}
        else:
            clash = True
    return {**merged, "allOf": [dict(one), dict(other)]} if clash else merged


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, float) and value.is_integer():
        return "integer"
    for kind, classes in (
        ("null", type(None)),
        ("integer", int),
        ("number", float),
        ("string", str),
        ("array", list),
    ):
        if isinstance(value, classes):
            return kind
    return "object"
