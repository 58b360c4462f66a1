"""From a path to a project, or to every problem of the file."""

from __future__ import annotations

from collections.abc import Mapping as Variables
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from msctl.errors import ManifestInvalid
from msctl.manifest import messages, pending, rules, source
from msctl.manifest.build import build
from msctl.manifest.compose import Unreadable, compose
from msctl.manifest.disk import Disk
from msctl.manifest.document.root import ManifestKeys
from msctl.manifest.findings import MOST, Enough, Findings
from msctl.manifest.interpolate import interpolate
from msctl.manifest.loaded import Loaded
from msctl.manifest.nodes import Node
from msctl.manifest.overlay import Overlay, in_their_files, moved, overlaid
from msctl.manifest.plain import plain


def load(path: Path, environment: Variables[str, str], overlay: Path | None = None) -> Loaded:
    """Read and check a manifest; ``ManifestInvalid`` carries every problem of the file, or of both."""
    over = source.read(overlay) if overlay else None
    return validate(source.read(path), environment, Disk(path.resolve().parent), over)


def validate(
    text: source.Source,
    environment: Variables[str, str],
    disk: Disk,
    overlay: source.Source | None = None,
) -> Loaded:
    """Check a manifest's text that stands for a file in the folder of ``disk``, ``overlay`` laid over it."""
    behind = Overlay(overlay.name, len(text.lines)) if overlay else None
    lines = text.lines + (overlay.lines if overlay else ())
    findings = Findings(text.name, lines, MOST)
    warnings, unused = Findings(text.name, lines), Findings(text.name, lines)
    keys: ManifestKeys | None = None
    try:
        root = interpolate(read_tree(text, findings, overlay), environment, findings)
        keys = _keys(root, findings)
        rules.check(root, findings, warnings, disk)
        pending.note(root, unused)
    except (Unreadable, Enough):
        pass
    if keys is None or findings.problems:
        raise _invalid(findings, behind)
    revision = text.revision + (overlay.revision if overlay else "")
    return Loaded(
        build(keys, disk.folder, revision),
        in_their_files(warnings.ordered(), behind),
        in_their_files(unused.ordered(), behind),
    )


def read_tree(text: source.Source, findings: Findings, overlay: source.Source | None = None) -> Node:
    """The tree of a manifest, or of two, variables not yet filled in."""
    root = compose(text.text, findings)
    if overlay is None:
        return root
    own = Findings(overlay.name, overlay.lines, MOST)
    try:
        over = compose(overlay.text, own, f"write the keys that differ from {text.name}, or remove the file")
        return overlaid(root, moved(over, len(text.lines)))
    finally:
        for problem in own.problems:
            findings.problems[replace(problem, line=problem.line + len(text.lines))] = None


def _keys(root: Node, findings: Findings) -> ManifestKeys | None:
    try:
        return ManifestKeys.model_validate(plain(root))
    except ValidationError as exc:
        messages.report(exc.errors(include_url=False), root, findings)
        return None


def _invalid(findings: Findings, overlay: Overlay | None) -> ManifestInvalid:
    problems = in_their_files(findings.ordered(), overlay)
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    if len(problems) >= MOST:
        count = f"{MOST} problems and perhaps more"
    names = f"{findings.file} with {overlay.name}" if overlay else findings.file
    return ManifestInvalid(f"{names} has {count}", problems)
