"""The kinds of values that keys hold, each with its grammar and its JSON Schema."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from msctl.manifest import grammar, names, paths
from msctl.manifest.document.checking import checked, refusal
from msctl.manifest.faults import Fault, shown, words
from msctl.manifest.nodes import Broken

_DURATION = WithJsonSchema({"type": "string", "examples": ["500ms", "5s", "1m30s"]})
_SIZE = WithJsonSchema({"type": "string", "examples": ["256MiB", "1GiB"]})
_PATH = WithJsonSchema({"type": "string", "pattern": "^/"})
_LABEL = WithJsonSchema({"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", "maxLength": 63})
_SWITCH = WithJsonSchema({"anyOf": [{"type": "boolean"}, {"enum": ["on", "off", "yes", "no"]}]})
_TEXT = WithJsonSchema({"type": "string"})
_VERBATIM = WithJsonSchema({"type": ["string", "number", "boolean"]})
_MOST_TIERS = 20
_URL = WithJsonSchema({"type": "string", "pattern": "^https?://"})


class Keys(BaseModel):
    """A mapping with known keys only; built late, since only the whole manifest is ever validated."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


def key(default: Any = ..., *, description: str) -> Any:
    """A key; its default is written as in a manifest, the value itself is the dataclass's own default."""
    return Field(default, description=description)


def section(keys: type[Keys], *, description: str) -> Any:
    """A key that holds a mapping of further keys; left out, the dataclass has the defaults."""
    return Field(default_factory=keys.model_construct, description=description)


def whole(lowest: int, highest: int, example: str = "") -> Callable[[Any], int]:
    """A whole number in bounds."""
    hint = f"a whole number from {lowest} to {highest}{example}"

    def parse(value: Any) -> int:
        if (
            isinstance(value, str)
            and value.isascii()
            and value.isdigit()
            and len(value) < len(str(highest)) + 1
        ):
            raise Fault(f"{shown(value)} is text, not a number", f"write {shown(value)[1:-1]} without quotes")
        if not isinstance(value, int) or isinstance(value, bool):
            raise Fault(f"{shown(value)} is not a whole number", hint)
        if not lowest <= value <= highest:
            raise Fault(f"{shown(value)} is out of range", hint)
        return value

    return parse


def number(lowest: float, highest: float) -> Callable[[Any], float]:
    """A number in bounds, with or without decimals."""
    hint = f"a number from {lowest:g} to {highest:g}"

    def parse(value: Any) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise Fault(f"{shown(value)} is not a number", hint)
        if not lowest <= value <= highest:
            raise Fault(f"{shown(value)} is out of range", hint)
        return float(value)

    return parse


def switch(value: Any) -> bool:
    """``true`` or ``false``; here ``on``, ``off``, ``yes`` and ``no`` mean the same."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in {"on", "off", "yes", "no"}:
        return value in {"on", "yes"}
    raise Fault(f"{shown(value)} is neither true nor false", "write true or false")


def plain_text(value: Any) -> str:
    """Text; numbers and booleans arrive as they were written."""
    return words(value, "text", "write text, in quotes if need be")


def off_or(value: Any) -> Any:
    """``off`` turns a thing off: ``None``."""
    return None if value is False or value == "off" else value


def names_as_keys(value: Any) -> Any:
    """``[inventory]`` → ``{inventory: None}``."""
    if not isinstance(value, list):
        return value
    wrong = [item for item in value if not isinstance(item, str | Broken)]
    if wrong:
        hint = "a list of services' names, or a mapping of names to lists of scopes"
        raise refusal(f"{shown(wrong[0])} is not a service's name", hint)
    return {item: None for item in value if isinstance(item, str)}


def json_value(value: Any) -> Any:
    """Whatever JSON can carry: all of YAML but infinities and not-a-numbers."""
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        json_value(inner)
    if isinstance(value, float) and not math.isfinite(value):
        raise Fault(f"{shown(value)} cannot be said in JSON", "a finite number, or text")
    return value


def text_as(key: str) -> Callable[[Any], Any]:
    """A short form: text alone stands for a mapping with that one key."""

    def expand(value: Any) -> Any:
        return {key: value} if isinstance(value, str) else value

    return expand


def tiers(value: list[float]) -> list[float]:
    """Waits that differ, since each stands for a queue; at most ``_MOST_TIERS``, in whole milliseconds."""
    whole_ms = [round(seconds * 1000) for seconds in value]
    if len(value) > _MOST_TIERS:
        raise refusal(f"{len(value)} waits are too many", f"at most {_MOST_TIERS}")
    if 0 in whole_ms:
        raise refusal("a wait is shorter than a millisecond", "a wait such as 500ms or 10s")
    if len(set(whole_ms)) < len(whole_ms):
        raise refusal("a wait is listed twice", "each wait is a queue of its own")
    return value


def _bounds(lowest: float, highest: float, kind: str = "integer") -> WithJsonSchema:
    return WithJsonSchema({"type": kind, "minimum": lowest, "maximum": highest})


JsonValue = Annotated[Any, checked(json_value), WithJsonSchema({})]
Duration = Annotated[float, checked(grammar.duration), _DURATION]
Span = Annotated[float, checked(grammar.span), _DURATION]
Tiers = Annotated[list[Span], AfterValidator(tiers)]
Memory = Annotated[int, checked(grammar.memory), _SIZE]
Size = Annotated[int, checked(grammar.size), _SIZE]
_RATE = WithJsonSchema({"type": "string", "examples": ["50%"]})
Rate = Annotated[float, checked(grammar.rate), _RATE]
Share = Annotated[float, checked(grammar.share), _RATE]
Switch = Annotated[bool, checked(switch), _SWITCH]
Text = Annotated[str, checked(plain_text), _TEXT]
Verbatim = Annotated[str, checked(plain_text), _VERBATIM]
Port = Annotated[int, checked(whole(1, 65535, ", such as 8000")), _bounds(1, 65535)]
Replicas = Annotated[int, checked(whole(1, 100)), _bounds(1, 100)]
Retries = Annotated[int, checked(whole(0, 10)), _bounds(0, 10)]
Weight = Annotated[int, checked(whole(0, 1000)), _bounds(0, 1000)]
Count = Annotated[int, checked(whole(1, 1_000_000)), _bounds(1, 1_000_000)]
Cpus = Annotated[float, checked(number(0.01, 512)), _bounds(0.01, 512, "number")]
Growth = Annotated[float, checked(number(1, 100)), _bounds(1, 100, "number")]
Window = Annotated[
    float, checked(grammar.window), WithJsonSchema({"type": ["integer", "string"], "examples": [20, "10s"]})
]
Address = Annotated[str, checked(grammar.address), WithJsonSchema({"type": "string"})]
Origin = Annotated[str, checked(grammar.origin), _URL]
Endpoint = Annotated[str, checked(grammar.endpoint), _URL]
Image = Annotated[str, checked(grammar.image), WithJsonSchema({"type": "string", "examples": ["nginx:1.27"]})]
ProjectName = Annotated[str, checked(names.project), _LABEL]
ServiceName = Annotated[str, checked(names.service), _LABEL]
ServiceReference = Annotated[str, checked(names.reference), _TEXT]
ClientName = Annotated[str, checked(names.client), _LABEL]
Scope = Annotated[str, checked(names.scope), WithJsonSchema({"type": "string", "examples": ["orders:read"]})]
EventType = Annotated[
    str, checked(names.event), WithJsonSchema({"type": "string", "examples": ["order.placed"]})
]
Pattern = Annotated[
    str, checked(names.pattern), WithJsonSchema({"type": "string", "examples": ["payment.*"]})
]
Method = Annotated[str, checked(names.method), WithJsonSchema({"enum": list(names.METHODS)})]
Header = Annotated[str, checked(names.header), _TEXT]
EditedHeader = Annotated[str, checked(names.edited_header), _TEXT]
HeaderValue = Annotated[str, checked(names.header_value), _VERBATIM]
Host = Annotated[str, checked(names.host), _TEXT]
Variable = Annotated[str, checked(names.variable), _TEXT]
PartName = Annotated[str, checked(names.part), _TEXT]
PathTemplate = Annotated[str, checked(paths.template), _PATH]
PlainPath = Annotated[str, checked(paths.health_path), _PATH]
RewritePath = Annotated[str, checked(paths.rewrite), _PATH]
CallLine = Annotated[
    str, checked(paths.call), WithJsonSchema({"type": "string", "examples": ["GET orders:/orders/{id}"]})
]
