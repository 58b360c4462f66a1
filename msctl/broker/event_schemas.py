"""JSON Schemas of events: files ``events/TYPE.json`` in the publishing service's folder, and checking data.

The jsonschema package is imported only where there is a new schema: it takes as long as all of the rest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msctl.broker.schema_shape import Schema
from msctl.errors import MsctlError

FOLDER = "events"
_MOST_FAULTS = 5


class EventDataInvalid(MsctlError):
    """An event's data is not what its schema promises to subscribers."""

    code = "event-data-invalid"


@dataclass(frozen=True, slots=True)
class SchemaFault:
    """A file that is no usable schema."""

    file: Path
    what: str


@dataclass(frozen=True, slots=True)
class Schemas:
    """Schemas by event type, and the files that are none."""

    by_type: Mapping[str, Schema] = field(default_factory=dict)
    faults: tuple[SchemaFault, ...] = ()


def read_schemas(folder: Path, checked: Mapping[str, Schema] | None = None) -> Schemas:
    """The schemas in ``folder``; none when there is no such folder.

    Those that are as in ``checked`` are not checked again.
    """
    found: dict[str, Schema] = {}
    faults = []
    for file in sorted(folder.glob("*.json")):
        try:
            schema = _object(file.read_text(encoding="utf-8"))
            if schema != (checked or {}).get(file.stem):
                _check(schema)
            found[file.stem] = schema
        except (OSError, ValueError, RecursionError) as exc:
            faults.append(SchemaFault(file, str(exc)))
    return Schemas(found, tuple(faults))


def _object(text: str) -> Schema:
    schema = json.loads(text)
    if not isinstance(schema, dict):
        raise ValueError("a JSON Schema of an event is a JSON object")
    return schema


def _check(schema: Schema) -> None:
    """Raise ``ValueError`` saying why it is no schema."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415
    from jsonschema.exceptions import SchemaError  # noqa: PLC0415

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as exc:
        raise ValueError(f"{exc.json_path}: {exc.message}") from exc


class DataCheck:
    """Checks the data of events against their schemas, each made ready at its first use."""

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self._schemas = schemas
        self._validators: dict[str, Any] = {}

    def check(self, event_type: str, data: object) -> None:
        """Raise ``EventDataInvalid`` naming the places; a type without a schema may carry anything."""
        if event_type not in self._schemas:
            return
        from referencing.exceptions import Unresolvable  # noqa: PLC0415

        try:
            faults = sorted(self._validator(event_type).iter_errors(data), key=lambda fault: fault.json_path)
        except Unresolvable as exc:
            raise EventDataInvalid(
                f"the schema of '{event_type}' refers to what is not in it: {exc}"
            ) from exc
        if faults:
            told = "; ".join(
                f"{_place(fault.json_path)}: {fault.message[:200]}" for fault in faults[:_MOST_FAULTS]
            )
            raise EventDataInvalid(f"the data of '{event_type}' breaks its schema: {told}")

    def _validator(self, event_type: str) -> Any:
        if event_type not in self._validators:
            from jsonschema import Draft202012Validator  # noqa: PLC0415
            from referencing import Registry  # noqa: PLC0415

            # An empty registry: without one jsonschema would fetch what a schema refers to.
            schema = self._schemas[event_type]
            self._validators[event_type] = Draft202012Validator(schema, registry=Registry())
        return self._validators[event_type]


def _place(json_path: str) -> str:
    return f"data{json_path.removeprefix('$')}"
