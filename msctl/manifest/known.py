"""Which keys exist where, read from the models."""

from __future__ import annotations

import types
import typing
from functools import cache
from typing import Any, Union

from msctl.manifest.document import fields as f
from msctl.manifest.document.root import ManifestKeys
from msctl.manifest.nodes import Path


def keys_at(path: Path) -> tuple[str, ...]:
    """The keys that the mapping at ``path`` may have; empty where any name goes."""
    found = keys_model(path)
    return tuple(found.model_fields) if found else ()


def keys_model(path: Path) -> type[f.Keys] | None:
    """The model of the mapping at ``path``, if its keys are fixed."""
    found: type[f.Keys] = _follow(ManifestKeys, path)
    return found if _is_keys(found) else None


@cache
def homes(key: str) -> tuple[Path, ...]:
    """Paths of all mappings that know ``key``; ``*`` stands for any name or index."""
    return tuple(path for path, keys in _mappings(ManifestKeys, ()) if key in keys.model_fields)


def description(path: Path) -> str:
    """What the key at ``path`` is for."""
    parent = keys_model(path[:-1])
    field = parent.model_fields.get(str(path[-1])) if parent else None
    return (field.description or "") if field else ""


@cache
def every_key() -> tuple[Path, ...]:
    """Every key of the manifest with its path."""
    return tuple((*path, key) for path, keys in _mappings(ManifestKeys, ()) for key in keys.model_fields)


def keys_below(annotation: Any) -> type[f.Keys] | None:
    """The model of the mapping that an annotation stands for, if its keys are fixed."""
    found = _bare(annotation)
    return found if _is_keys(found) else None


def inside(annotation: Any) -> Any:
    """What a list or a mapping of names holds; nothing for anything else."""
    return _inside(annotation)


def _mappings(keys: type[f.Keys], path: Path) -> list[tuple[Path, type[f.Keys]]]:
    found = [(path, keys)]
    for name, field in keys.model_fields.items():
        below: Any = field.annotation
        step: Path = (name,)
        while not _is_keys(below) and (inner := _inside(below)) is not None:
            below, step = inner, (*step, "*")
        below = _bare(below)
        if _is_keys(below):
            found += _mappings(below, (*path, *step))
    return found


def _follow(annotation: Any, path: Path) -> Any:
    for step in path:
        annotation = _bare(annotation)
        if _is_keys(annotation):
            field = annotation.model_fields.get(str(step))
            annotation = field.annotation if field else None
        else:
            annotation = _inside(annotation)
    return _bare(annotation)


def _is_keys(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, f.Keys)


def _bare(annotation: Any) -> Any:
    """Without ``Annotated`` and without ``| None``."""
    while True:
        origin = typing.get_origin(annotation)
        if origin is typing.Annotated:
            annotation = typing.get_args(annotation)[0]
        elif origin in {Union, types.UnionType}:
            annotation = next(a for a in typing.get_args(annotation) if a is not type(None))
        else:
            return annotation


def _inside(annotation: Any) -> Any:
    """What a list or a mapping of names holds."""
    annotation = _bare(annotation)
    return typing.get_args(annotation)[-1] if typing.get_origin(annotation) in {list, dict} else None
