"""Entries as lines of YAML in the house's style: one key a line, lists and small mappings in brackets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

_WIDE = 10_000


def flow(value: Any) -> str:
    """``value`` in one line."""
    text = yaml.safe_dump([value], default_flow_style=True, sort_keys=False, width=_WIDE, allow_unicode=True)
    return text.strip().removeprefix("[").removesuffix("]")


def block(values: Mapping[str, Any], indent: str) -> list[str]:
    """One line for each key."""
    return [f"{indent}{key}: {_beside(value)}" for key, value in values.items()]


def item(values: Mapping[str, Any], indent: str, *, one_line: bool) -> list[str]:
    """An item of a list."""
    if one_line:
        return [f"{indent}- {flow(dict(values))}"]
    first, *others = block(values, f"{indent}  ")
    return [f"{indent}- {first.lstrip()}", *others]


def _beside(value: Any) -> str:
    """``value`` as it stands after its key, where fewer quotes are needed than in brackets."""
    if isinstance(value, dict | list):
        return flow(value)
    text = yaml.safe_dump(value, width=_WIDE, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...")
