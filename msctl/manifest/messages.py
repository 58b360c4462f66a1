"""pydantic's errors in our words, at their places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from pydantic_core import ErrorDetails

from msctl.manifest import known, similar, suggest
from msctl.manifest.faults import shown
from msctl.manifest.findings import Findings
from msctl.manifest.nodes import BROKEN, Mapping, Node, Path, Place, Scalar, locate
from msctl.manifest.syntax import missing_colon

_Told: TypeAlias = tuple[str, str | None]


def report(errors: list[ErrorDetails], root: Node, findings: Findings) -> None:
    """Add a problem for each error of validation."""
    for error in errors:
        path = tuple(step for step in error["loc"] if step != "[key]")
        on_key = error["type"] == "extra_forbidden" or "[key]" in error["loc"]
        place = locate(root, path, key=on_key)
        if isinstance(place.node, Scalar) and place.node.value is BROKEN:
            continue
        if error["type"] == "missing":
            _missing(path, root, findings)
            continue
        what, hint = _tell(error, path, place)
        spot = Scalar(
            place.line, place.column, "", place.node.value if isinstance(place.node, Scalar) else None
        )
        findings.on(spot, place.path, what, hint)


def _missing(path: Path, root: Node, findings: Findings) -> None:
    above = locate(root, path[:-1], key=True)
    if isinstance(above.node, Mapping) and suggest.misspelt(str(path[-1]), above.node.entries, path[:-1]):
        return
    if len(above.path) == len(path) - 1:
        purpose = known.description(path).rstrip(".")
        spoken = purpose if purpose[:2].isupper() else purpose[:1].lower() + purpose[1:]
        findings.at(above.line, above.column, path, "is missing", spoken or None)
    else:
        findings.at(above.line, above.column, above.path, f"'{path[-1]}' is missing", None)


def _tell(error: ErrorDetails, path: Path, place: Place) -> _Told:
    teller = _TELLERS.get(error["type"])
    what, hint = teller(error, path) if teller else (error["msg"], None)
    if error["type"] != "extra_forbidden" and isinstance(place.node, Scalar) and place.node.value is None:
        return "has no value", hint
    return what, hint


def _fault(error: ErrorDetails, _: Path) -> _Told:
    context: dict[str, Any] = error.get("ctx", {})
    return context["what"], context["hint"] or None


def _unknown(_: ErrorDetails, path: Path) -> _Told:
    return "unknown key", suggest.unknown_key(path)


def _mapping(error: ErrorDetails, path: Path) -> _Told:
    value = error["input"]
    what = f"{shown(value)} is not a mapping"
    keys = known.keys_at(path)
    if isinstance(value, str) and (meant := missing_colon(value)) and (" " in value or ":" in value):
        return what, meant
    if path and (meant := _misplaced(str(path[-1]), path[:-1])):
        return what, meant
    return what, "a mapping of " + ", ".join(keys[:4]) + (
        ", …" if keys[4:] else ""
    ) if keys else "'name: value' lines"


def _misplaced(key: str, parent: Path) -> str | None:
    """For a value where a name is expected: a key that slid out of its mapping."""
    if known.keys_at(parent):
        return None
    below = known.keys_at((*parent, "*"))
    near = similar.closest(key, below)
    return f"'{near}' belongs under {'.'.join(map(str, parent))}.NAME, indent it further" if near else None


def _list(error: ErrorDetails, _: Path) -> _Told:
    value = error["input"]
    simple = isinstance(value, str | int | float) and not isinstance(value, bool)
    hint = (
        f"write [{shown(value)[1:-1] if isinstance(value, str) else value}]"
        if simple
        else "a list: [one, two]"
    )
    return f"{shown(value)} is not a list", hint if shown(value) != "the value" else "a list: [one, two]"


def _choice(error: ErrorDetails, _: Path) -> _Told:
    expected: str = error.get("ctx", {}).get("expected", "")
    options = [option.strip("' ") for option in expected.replace(" or ", ", ").split(",")]
    one_of = "one of " + ", ".join(options)
    value = error["input"]
    if isinstance(value, str):
        meant = _OTHER_WORDS.get(value.lower())
        hint = f"did you mean '{meant}'?" if meant in options else similar.known(value, options, one_of)
        return f"{shown(value)} is not {'possible' if hint == one_of else 'known'}", hint
    return f"{shown(value)} is not possible", one_of


_OTHER_WORDS = {
    "postgresql": "postgres", "pg": "postgres", "mysql": "mariadb", "valkey": "redis", "eddsa": "Ed25519",
    "least_requests": "least_requests", "roundrobin": "round_robin", "round-robin": "round_robin",
    "manual": "self", "own": "self", "automatic": "platform",
}  # fmt: skip

_TELLERS: dict[str, Callable[[ErrorDetails, Path], _Told]] = {
    "fault": _fault,
    "extra_forbidden": _unknown,
    "model_type": _mapping,
    "model_attributes_type": _mapping,
    "dict_type": _mapping,
    "list_type": _list,
    "literal_error": _choice,
}
