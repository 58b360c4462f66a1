"""From a path to a project, or to every problem of the file."""

from __future__ import annotations

from collections.abc import Mapping as Variables
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from msctl.errors import ManifestInvalid
from msctl.manifest import messages, pending, rules, source
from msctl.manifest.build import build
from msctl.manifest.compose import Unreadable, compose
from msctl.manifest.document.root import ManifestKeys
from msctl.manifest.findings import MOST, Enough, Findings
from msctl.manifest.interpolate import interpolate
from msctl.manifest.nodes import Node
from msctl.manifest.overlay import Overlay, in_their_files, moved, overlaid
from msctl.manifest.plain import plain
from msctl.model.problem import ManifestProblem
from msctl.model.project import Project


@dataclass(frozen=True, slots=True)
class Loaded:
    """A valid manifest; ``unused`` are keys that are accepted and do nothing yet."""

    project: Project
    warnings: tuple[ManifestProblem, ...]
    unused: tuple[ManifestProblem, ...]


def load(path: Path, environment: Variables[str, str], overlay: Path | None = None) -> Loaded:
    """Read and check a manifest; ``ManifestInvalid`` carries every problem of the file, or of both."""
    over = source.read(overlay) if overlay else None
    return validate(source.read(path), environment, path.resolve().parent, over)


def validate(
    text: source.Source,
    environment: Variables[str, str],
    folder: Path,
    overlay: source.Source | None = None,
) -> Loaded:
    """Check a manifest's text that stands for a file in ``folder``; ``overlay`` is laid over it."""
    behind = Overlay(overlay.name, len(text.lines)) if overlay else None
    lines = text.lines + (overlay.lines if overlay else ())
    findings = Findings(text.name, lines, MOST)
    warnings, unused = Findings(text.name, lines), Findings(text.name, lines)
    keys: ManifestKeys | None = None
    try:
        root = interpolate(read_tree(text, findings, overlay), environment, findings)
        keys = _keys(root, findings)
        rules.check(root, findings, warnings, folder)
        pending.note(root, unused)
    except (Unreadable, Enough):
        pass
    if keys is None or findings.problems:
        raise _invalid(findings, behind)
    revision = text.revision + (overlay.revision if overlay else "")
    return Loaded(
        build(keys, folder, revision),
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
        return overlaid(root, moved(compose(overlay.text, own), len(text.lines)))
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
