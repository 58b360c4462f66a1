"""The JSON Schema is valid and says what the models say."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from msctl.manifest.compose import compose
from msctl.manifest.findings import Findings
from msctl.manifest.json_schema import schema
from msctl.manifest.plain import plain
from msctl.manifest.reference import reference_text


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    return Draft202012Validator(schema())


def document(text: str) -> Any:
    return plain(compose(text, Findings("msctl.yaml")))


def test_it_is_a_schema_of_the_2020_dialect() -> None:
    assert schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("name", ["shop", "hello", "bank", "reference"])
def test_it_accepts_what_is_valid(
    name: str, manifests: dict[str, str], validator: Draft202012Validator
) -> None:
    assert [error.json_path for error in validator.iter_errors(document(manifests[name]))] == []


BROKEN = [
    ("project: shop", "projct: shop"), ("port: 8080", "port: 0"), ("port: 8080", "port: high"),
    ("errors: public", "errors: loud"), ("replicas: 1", "replicas: 0"), ("timeout: 2s  ", "timeout: 2  "),
    ("path: /readyz", "path: readyz"), ("registration: platform", "registration: none"),
    ("credentials: false", "credentials: maybe"), ("memory: 256MiB", "memroy: 256MiB"),
    ("  images: auto", "  image: auto"), ("algorithm: Ed25519", "algorithm: none"), ("project: shop", "x: 1"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "broken"), BROKEN)
def test_it_rejects_what_is_not(written: str, broken: str, validator: Draft202012Validator) -> None:
    text = reference_text()
    assert written in text
    assert not validator.is_valid(document(text.replace(written, broken, 1)))


@pytest.mark.parametrize("value", ["${PORT}", "${PORT:-8080}", "${PORT:?which}"])
def test_it_accepts_variables(value: str, validator: Draft202012Validator) -> None:
    assert validator.is_valid(document(reference_text().replace("port: 8080", f"port: '{value}'", 1)))


def test_every_key_is_described() -> None:
    made = schema()
    for part in (made, *made["$defs"].values()):
        for key, value in part.get("properties", {}).items():
            shared = made["$defs"].get(value.get("$ref", "").rpartition("/")[2], {})
            assert value.get("description") or shared.get("description"), key


def test_unknown_keys_are_refused_everywhere() -> None:
    made = schema()
    for part in (made, *made["$defs"].values()):
        assert "properties" not in part or part["additionalProperties"] is False
