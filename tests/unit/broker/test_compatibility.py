"""What breaks a reader of an event, and what does not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from msctl.broker.compatibility import breaks

NUMBER: dict[str, Any] = {"type": "number"}
TEXT: dict[str, Any] = {"type": "string"}


def thing(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


SAFE = {
    "nothing changed": (thing(("a",), a=NUMBER), thing(("a",), a=NUMBER)),
    "an optional property is new": (thing(a=NUMBER), thing(a=NUMBER, b=TEXT)),
    "an optional property is gone": (thing(a=NUMBER, b=TEXT), thing(a=NUMBER)),
    "optional becomes required": (thing(a=NUMBER), thing(("a",), a=NUMBER)),
    "a number becomes an integer": (thing(a=NUMBER), thing(a={"type": "integer"})),
    "fewer values": (thing(a={"enum": [1, 2]}), thing(a={"const": 2})),
    "tighter bounds": ({"type": "number", "minimum": 1}, {"type": "number", "minimum": 2, "maximum": 9}),
    "titles": ({"title": "a", **TEXT}, {"description": "b", **TEXT}),
    "anything was allowed": ({}, thing(("a",), a=NUMBER)),
    "one of two": ({"type": ["string", "null"]}, TEXT),
    "one alternative less": ({"anyOf": [NUMBER, TEXT]}, {"anyOf": [TEXT]}),
    "a definition has moved": (
        {"$ref": "#/$defs/x", "$defs": {"x": NUMBER}}, {"$ref": "#/$defs/y", "$defs": {"y": NUMBER}},
    ),
    "all of": (thing(("a",), a=NUMBER), {"allOf": [thing(a=NUMBER), {"required": ["a"]}]}),
}  # fmt: skip
BREAKING = {
    "required becomes optional": (thing(("a",), a=NUMBER), thing(a=NUMBER), "data.a: was always there"),
    "a required property is gone": (thing(("a",), a=NUMBER), thing(), "data.a: was always there"),
    "another type": (thing(a=NUMBER), thing(a=TEXT), "data.a: may now be string"),
    "an integer becomes a number": ({"type": "integer"}, NUMBER, "data: may now be number"),
    "null may come": (thing(a=TEXT), thing(a={"type": ["string", "null"]}), "data.a: may now be null"),
    "a new value": (thing(a={"enum": ["x"]}), thing(a={"enum": ["x", "y"]}), "data.a: may now be 'y'"),
    "no values listed": (thing(a={"enum": ["x"]}), thing(a=TEXT), "may now be any"),
    "looser bounds": ({"minimum": 2}, {"minimum": 1}, "data: minimum was 2, is 1"),
    "no bound": ({"maxLength": 2}, {}, "data: maxLength was 2, is gone"),
    "inside of lists": ({"items": thing(("a",))}, {"items": thing()}, "data[].a: was always there"),
    "another pattern": ({"pattern": "a"}, {"pattern": "b"}, "'pattern' changed"),
    "further properties": (
        {**thing(a=TEXT), "additionalProperties": False},
        {**thing(a=TEXT, b=TEXT), "additionalProperties": False},
        "data.b: is new",
    ),
    "opened": ({**thing(), "additionalProperties": False}, thing(), "data.*"),
    "an alternative more": (
        {"anyOf": [NUMBER, TEXT]}, {"anyOf": [NUMBER, {"type": "null"}]}, "no alternative",
    ),
    "behind a reference": (
        {"$ref": "#/$defs/x", "$defs": {"x": thing(("a",))}}, {"$ref": "#/$defs/x", "$defs": {"x": thing()}},
        "data.a: was always there",
    ),
    "what cannot be compared": ({"not": NUMBER}, {"not": TEXT}, "'not' changed"),
}  # fmt: skip


@pytest.mark.parametrize("name", SAFE)
def test_readers_can_go_on(name: str) -> None:
    assert breaks(*SAFE[name]) == ()


@pytest.mark.parametrize("name", BREAKING)
def test_readers_break(name: str) -> None:
    old, new, what = BREAKING[name]
    assert any(what in told for told in breaks(old, new)), breaks(old, new)


def test_a_schema_that_contains_itself_ends() -> None:
    tree: dict[str, Any] = {"$ref": "#/$defs/n", "$defs": {"n": thing(next={"$ref": "#/$defs/n"}, v=NUMBER)}}
    other: dict[str, Any] = {"$ref": "#/$defs/n", "$defs": {"n": thing(next={"$ref": "#/$defs/n"}, v=TEXT)}}
    assert breaks(tree, tree) == ()
    assert breaks(tree, other)


_scalars = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "bb"])
_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=5,
)
_plain = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"]),
        "minimum": st.integers(-2, 2),
        "maxLength": st.integers(0, 2),
        "enum": st.lists(_scalars, min_size=1, max_size=2),
    },
)
_schemas = st.recursive(
    _plain,
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["array", "object", "string"]),
            "properties": st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
            "required": st.lists(st.sampled_from("ab"), unique=True, max_size=2),
            "items": inner,
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "additionalProperties": st.booleans() | inner,
        },
    ),
    max_leaves=4,
)


@settings(max_examples=300, deadline=None)
@given(_schemas, _schemas, _values)
def test_what_is_called_safe_lets_nothing_through_but_optional_strangers(
    old: Any, new: Any, value: Any
) -> None:
    if breaks(old, new) == () and Draft202012Validator(new).is_valid(value):
        faults = list(Draft202012Validator(old).iter_errors(value))
        assert all(_is_a_property_the_publisher_dropped(fault, new) for fault in faults), (old, new, value)


def _is_a_property_the_publisher_dropped(fault: Any, new: Any) -> bool:
    """A property that the new schema does not know any more may be anything; publishers do not send it."""
    dropped = [step for step in fault.absolute_path if isinstance(step, str) and f"'{step}'" not in repr(new)]
    return bool(dropped) or any(_is_a_property_the_publisher_dropped(inner, new) for inner in fault.context)
