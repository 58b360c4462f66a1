"""Use case ``import compose``: a Compose file becomes a manifest, with a list of what did not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from msctl.errors import ManifestInvalid, UsageError
from msctl.manifest.disk import Disk
from msctl.manifest.loading import validate
from msctl.manifest.names import unusable_project
from msctl.manifest.source import Source
from msctl.model.problem import ManifestProblem
from msctl.scaffold import snippets
from msctl.scaffold.compose.notes import Imported, Note
from msctl.scaffold.compose.reading import read, service_name

_LARGEST = 100_000


@dataclass(frozen=True, slots=True)
class Result:
    """The manifest's text, notes on what was not carried over, and problems that are still to be mended."""

    text: str
    notes: tuple[Note, ...]
    problems: tuple[ManifestProblem, ...]


def import_compose(path: Path, environment: Mapping[str, str], port: int) -> Result:
    """Read a Compose file and write a manifest that lies beside it."""
    found = read(_document(path))
    name = service_name(str(found.name or path.resolve().parent.name))
    if unusable_project(name):
        found.note("name", f"'{name}' is no usable project name; the project is named 'imported'")
        name = "imported"
    text = _manifest(found, name, port)
    try:
        validate(Source("msctl.yaml", text, ""), environment, Disk(path.resolve().parent))
    except ManifestInvalid as invalid:
        return Result(text, tuple(found.notes), invalid.problems)
    return Result(text, tuple(found.notes), ())


def _document(path: Path) -> Mapping[str, Any]:
    try:
        document = _loaded(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise UsageError(f"there is no file {path}", "name a Compose file") from exc
    except OSError as exc:
        raise UsageError(f"cannot read {path}: {exc.strerror}", "name a Compose file") from exc
    except RecursionError as exc:
        raise UsageError(f"{path} is nested too deeply", "name a Compose file") from exc
    except (yaml.YAMLError, ValueError) as exc:  # a date that is none is a ValueError
        raise UsageError(f"{path} is not YAML: {str(exc).splitlines()[0]}", "name a Compose file") from exc
    services = document.get("services") if isinstance(document, dict) else None
    if not isinstance(services, dict) or not all(
        isinstance(name, str) and isinstance(entry, dict | None) for name, entry in services.items()
    ):
        raise UsageError(f"{path} is not a Compose file", "it has services by name, each of them a mapping")
    found: Mapping[str, Any] = document
    return found


def _loaded(text: str) -> Any:
    """What the text says; ``ValueError`` for one that only its aliases make large."""
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if _written_out(node, {}) > _LARGEST:
            raise ValueError(f"written out without aliases it has more than {_LARGEST} values")
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _written_out(node: yaml.Node, known: dict[int, int]) -> int:
    """How many values there are below, each counted as often as it is referred to."""
    if id(node) not in known:
        known[id(node)] = 1  # for a node within itself
        if isinstance(node, yaml.MappingNode):
            below = [one for pair in node.value for one in pair]
        else:
            below = node.value if isinstance(node, yaml.SequenceNode) else []
        known[id(node)] = 1 + sum(_written_out(one, known) for one in below)
    return known[id(node)]


def _manifest(found: Imported, name: str, port: int) -> str:
    lines = [f"project: {snippets.flow(name)}", "", "gateway:", f"  port: {port}"]
    if found.routes:
        lines.append("  routes:")
        lines += [line for route in found.routes for line in snippets.item(route, "    ", one_line=False)]
    lines += ["", "services:"]
    for service, keys in found.services.items():
        lines += [f"  {service}:", *snippets.block(keys, "    ")]
    return "\n".join(lines) + "\n"
