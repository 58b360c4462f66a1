"""The hash that tells whether a container is still the one its specification describes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from msctl.model.desired import ContainerSpec, SecretFile
from msctl.model.secret import Secret

_NOT_HASHED = frozenset({"needs", "waits", "image", "provision", "attached"})
"""Order of starting, the image's spelling and one-off commands do not make a container different."""


def config_hash(spec: ContainerSpec) -> str:
    """Sixteen hex digits over everything whose change needs a new container.

    Secrets enter as their SHA-256, live files by name only, since those are replaced in place.
    """
    text = json.dumps(values_of(spec), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def values_of(spec: ContainerSpec) -> dict[str, Any]:
    """Everything that enters the hash, as plain values."""
    return {f.name: _plain(getattr(spec, f.name)) for f in fields(spec) if f.name not in _NOT_HASHED}


def content_digest(content: Secret) -> str:
    """SHA-256 of a file's content, as hex."""
    return hashlib.sha256(content.reveal().encode()).hexdigest()


def _plain(value: object) -> Any:
    if isinstance(value, SecretFile) and value.live:
        return value.name
    if isinstance(value, Secret):
        return content_digest(value)
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value
