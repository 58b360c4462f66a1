"""The manifest's JSON Schema (2020-12), for editors."""

from __future__ import annotations

from typing import Any

from msctl.manifest.document.root import ManifestKeys

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_VARIABLE = {
    "description": "A value from the environment.",
    "type": "string",
    "pattern": r"\$\{[A-Za-z_][A-Za-z0-9_]*(:[-?][^{}]*)?\}",
}
_ANNOTATIONS = ("description", "default", "examples")
_NARROW = ("enum", "const", "pattern", "minimum")


def schema() -> dict[str, Any]:
    """What an editor needs to complete, explain and check a manifest."""
    made = _finished(ManifestKeys.model_json_schema())
    made["$defs"]["Variable"] = _VARIABLE
    return {"$schema": _DIALECT, "title": "msctl manifest", **made}


def _finished(node: Any) -> Any:
    """Without pydantic's titles, and with ``${VARIABLE}`` wherever a value is narrower than text."""
    if isinstance(node, list):
        return [_finished(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: _part(key, value) for key, value in node.items() if key != "title"}
    if not any(key in kept for key in _NARROW):
        return kept
    notes = {key: kept.pop(key) for key in _ANNOTATIONS if key in kept}
    return {"anyOf": [kept, {"$ref": "#/$defs/Variable"}], **notes}


def _part(key: str, value: Any) -> Any:
    if key in {"properties", "$defs", "patternProperties"}:
        return {name: _finished(inner) for name, inner in value.items()}
    return _finished(value) if key in {"items", "anyOf", "additionalProperties"} else value
