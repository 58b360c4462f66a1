"""Use case ``import compose``: a Compose file becomes a manifest, with a list of what did not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from msctl.errors import ManifestInvalid, UsageError
from msctl.manifest import Source, validate
from msctl.manifest.names import unusable_project
from msctl.model.problem import ManifestProblem
from msctl.scaffold import snippets
from msctl.scaffold.compose.reading import Imported, Note, read, service_name


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
        validate(Source("msctl.yaml", text, ""), environment, path.resolve().parent)
    except ManifestInvalid as invalid:
        return Result(text, tuple(found.notes), invalid.problems)
    return Result(text, tuple(found.notes), ())


def _document(path: Path) -> Mapping[str, Any]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise UsageError(f"there is no file {path}", "name a Compose file") from exc
    except (yaml.YAMLError, UnicodeDecodeError) as exc:
        raise UsageError(f"{path} is not YAML: {str(exc).splitlines()[0]}") from exc
    services = document.get("services") if isinstance(document, dict) else None
    if not isinstance(services, dict) or not all(isinstance(e, dict | None) for e in services.values()):
        raise UsageError(f"{path} is not a Compose file", "it has services, each of them a mapping")
    found: Mapping[str, Any] = document
    return found


def _manifest(found: Imported, name: str, port: int) -> str:
    lines = [f"project: {snippets.flow(name)}", "", "gateway:", f"  port: {port}"]
    if found.routes:
        lines.append("  routes:")
        lines += [line for route in found.routes for line in snippets.item(route, "    ", one_line=False)]
    lines += ["", "services:"]
    for service, keys in found.services.items():
        lines += [f"  {service}:", *snippets.block(keys, "    ")]
    return "\n".join(lines) + "\n"
