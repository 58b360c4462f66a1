"""Schemas of events: which files are some, and what data they let through."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from msctl.broker.event_schemas import DataCheck, EventDataInvalid, read_schemas

PLACED = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}, "required": ["n"]}


def test_files_are_named_after_their_type(tmp_path: Path) -> None:
    (tmp_path / "order.placed.json").write_text(json.dumps(PLACED))
    (tmp_path / "notes.txt").write_text("no schema")
    found = read_schemas(tmp_path)
    assert (dict(found.by_type), found.faults) == ({"order.placed": PLACED}, ())
    assert read_schemas(tmp_path / "nowhere").by_type == {}


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"type": "nonsense"}', '{"properties": 3}', "[" * 100_000, "\ud800"]
)
def test_what_is_no_schema_is_told_with_its_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    (fault,) = read_schemas(tmp_path).faults
    assert (fault.file, bool(fault.what)) == (tmp_path / "a.json", True)


def test_data_is_checked_and_every_place_is_named() -> None:
    check = DataCheck({"order.placed": PLACED}).check
    check("order.placed", {"n": 1})
    check("order.other", "anything")
    with pytest.raises(EventDataInvalid, match=r"'order\.placed' breaks its schema: data\.n: 0 is less than"):
        check("order.placed", {"n": 0})
    with pytest.raises(EventDataInvalid, match="data: 'n' is a required property"):
        check("order.placed", {})


def test_nothing_is_fetched_for_a_reference_to_elsewhere() -> None:
    check = DataCheck({"a": {"$ref": "http://127.0.0.1:9/x.json"}}).check
    with pytest.raises(EventDataInvalid, match="refers to what is not in it"):
        check("a", 1)
