"""The reference manifest is complete and tells the truth."""

from __future__ import annotations

import dataclasses
import operator
import re
from collections.abc import Iterator
from dataclasses import MISSING
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from msctl.manifest.compose import compose
from msctl.manifest.findings import Findings
from msctl.manifest.known import every_key, keys_model
from msctl.manifest.nodes import Mapping, Node, Path, Scalar, Sequence
from msctl.manifest.plain import plain
from msctl.manifest.reference import reference_text
from msctl.model import project as model

DATACLASSES: dict[str, type[Any]] = {
    "ServiceKeys": model.Service, "HealthKeys": model.Health, "CircuitKeys": model.Circuit,
    "ResourcesKeys": model.Resources, "DatabaseKeys": model.Database, "SubscriptionKeys": model.Subscription,
    "PartKeys": model.AggregatePart, "CorsKeys": model.Cors, "HeaderEditsKeys": model.HeaderEdits,
    "RateLimitKeys": model.RateLimit, "RouteKeys": model.Route, "TlsKeys": model.Tls,
    "GatewayKeys": model.Gateway, "AuthKeys": model.Auth, "AuthClientKeys": model.AuthClient,
    "PlatformKeys": model.Platform,
}  # fmt: skip
MODELS = {keys.__name__: keys for path in every_key() if (keys := keys_model(path[:-1]))}
MARK = re.compile(r"# default(?:[;,]|$)")


def written(node: Node, path: Path = ()) -> Iterator[tuple[Path, Node]]:
    if isinstance(node, Mapping):
        for key, entry in node.entries.items():
            yield (*path, key), entry.value
            yield from written(entry.value, (*path, key))
    elif isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            yield from written(item, (*path, index))


def general(path: Path, keys: set[Path]) -> Path | None:
    """The key that ``path`` is an instance of."""
    for key in keys:
        if len(key) == len(path) and all(k in ("*", p) for k, p in zip(key, path, strict=True)):
            return key
    return None


@pytest.fixture(scope="module")
def tree() -> Node:
    return compose(reference_text(), Findings("reference.yaml"))


def test_every_key_is_in_it(tree: Node) -> None:
    keys = set(every_key())
    assert len(keys) > 80
    assert keys - {general(path, keys) for path, _ in written(tree)} == set()


@pytest.mark.parametrize("name", DATACLASSES)
def test_models_and_dataclasses_agree_on_defaults(name: str) -> None:
    declared = {field.name: field for field in dataclasses.fields(DATACLASSES[name])}
    for key, field in MODELS[name].model_fields.items():
        if key in declared and field.default_factory is None:
            default = declared[key].default
            assert field.is_required() == (default is MISSING and declared[key].default_factory is MISSING), (
                key
            )
            if field.default and not field.is_required():
                assert plain_value(validated(field, field.default)) == plain_value(default), key


def test_every_default_is_written_down_as_it_is(tree: Node) -> None:
    lines = reference_text().splitlines()
    shown = set()
    for path, node in written(tree):
        owner = keys_model(path[:-1])
        if owner and isinstance(node, Scalar | Sequence) and MARK.search(lines[node.line - 1]):
            field = owner.model_fields[str(path[-1])]
            assert validated(field, plain(node)) == validated(field, field.default), path
            shown.add((owner, path[-1]))
    valued = {(m, k) for m in MODELS.values() for k, f in m.model_fields.items() if has_value(f)}
    assert valued - shown == set()


def plain_value(value: object) -> object:
    """Lists of keys are tuples in dataclasses."""
    return list(value) if isinstance(value, tuple) else value


def has_value(field: FieldInfo) -> bool:
    """Whether a key that is left out stands for a value that can be written."""
    return not field.is_required() and field.default_factory is None and field.default not in (None, [], {})


def validated(field: FieldInfo, value: object) -> object:
    kind: Any = operator.getitem(Annotated, (field.annotation, "", *field.metadata))
    return TypeAdapter(kind).validate_python(value)
