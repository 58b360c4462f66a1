"""Adding a service to a manifest's text: its comments, its order and its other lines stay as they are."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from msctl.errors import UsageError
from msctl.scaffold import snippets
from msctl.scaffold.manifest_lines import Unfit, add_lines

_WIDE = 10_000


def add_service(text: str, name: str, entry: Mapping[str, Any], routes: Sequence[Mapping[str, Any]]) -> str:
    """``text`` with the service and its routes; the result has been read back and says exactly that."""
    wanted = _expected(text, name, entry, routes)
    for edit in (add_lines, _add_nodes):
        try:
            edited = edit(text, name, entry, routes)
        except (Unfit, YAMLError):
            continue
        if _read(edited) == wanted:
            return edited
    lines = "\n".join([f"  {name}:", *snippets.block(entry, "    ")])
    raise UsageError("the manifest is written in a way that cannot be added to", f"add by hand:\n{lines}")


def _expected(text: str, name: str, entry: Mapping[str, Any], routes: Sequence[Mapping[str, Any]]) -> Any:
    document = _read(text)
    document["services"] = {**(document.get("services") or {}), name: dict(entry)}
    if routes:
        gateway = document["gateway"] = dict(document.get("gateway") or {})
        gateway["routes"] = [*(gateway.get("routes") or []), *(dict(route) for route in routes)]
    return document


def _read(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return None


def _add_nodes(text: str, name: str, entry: Mapping[str, Any], routes: Sequence[Mapping[str, Any]]) -> str:
    """The way for manifests in brackets: through a tree that keeps comments, though not every blank."""
    editor = YAML()
    editor.preserve_quotes = True
    editor.width = _WIDE
    editor.indent(mapping=2, sequence=4, offset=2)
    document = editor.load(text)
    if not document.get("services"):
        document["services"] = CommentedMap()
    document["services"][name] = _node(entry)
    if routes:
        if not document.get("gateway"):
            document["gateway"] = CommentedMap()
        if not document["gateway"].get("routes"):
            document["gateway"]["routes"] = CommentedSeq()
        document["gateway"]["routes"].extend(_node(route) for route in routes)
    buffer = io.StringIO()
    editor.dump(document, buffer)
    return buffer.getvalue()


def _node(value: Any) -> Any:
    if isinstance(value, Mapping):
        return CommentedMap({key: _node(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        listed = CommentedSeq(_node(item) for item in value)
        listed.fa.set_flow_style()
        return listed
    return value
