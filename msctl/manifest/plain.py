"""The tree with places → plain values for validation."""

from __future__ import annotations

from typing import Any

from msctl.manifest.nodes import Mapping, Node, Path, Scalar, Sequence

_VERBATIM: tuple[Path, ...] = (
    ("services", "*", "environment", "*"),
    ("services", "*", "database", "version"),
    ("gateway", "routes", "*", "headers", "*"),
    ("gateway", "routes", "*", "request_headers", "set", "*"),
    ("gateway", "routes", "*", "response_headers", "set", "*"),
)
"""Text for which ``1.10`` and ``true`` stay what was written."""


def matches(path: Path, pattern: Path) -> bool:
    """Whether ``path`` fits ``pattern``, in which ``*`` is any step."""
    return len(path) == len(pattern) and all(p in ("*", step) for step, p in zip(path, pattern, strict=True))


def plain(node: Node, path: Path = ()) -> Any:
    """Dictionaries, lists and values."""
    if isinstance(node, Mapping):
        return {key: plain(entry.value, (*path, key)) for key, entry in node.entries.items()}
    if isinstance(node, Sequence):
        return [plain(item, (*path, index)) for index, item in enumerate(node.items)]
    return _scalar(node, path)


def _scalar(node: Scalar, path: Path) -> Any:
    number = isinstance(node.value, bool | int | float)
    return node.text if number and any(matches(path, pattern) for pattern in _VERBATIM) else node.value
