"""From a path to a project, or to every problem of the file."""

from __future__ import annotations

from collections.abc import Mapping as Variables
from dataclasses import dataclass
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
from msctl.manifest.plain import plain
from msctl.model.problem import ManifestProblem
from msctl.model.project import Project


@dataclass(frozen=True, slots=True)
class Loaded:
    """A valid manifest; ``unused`` are keys that are accepted and do nothing yet."""

    project: Project
    warnings: tuple[ManifestProblem, ...]
    unused: tuple[ManifestProblem, ...]


def load(path: Path, environment: Variables[str, str]) -> Loaded:
    """Read and check a manifest; ``ManifestInvalid`` carries every problem of the file."""
    text = source.read(path)
    return validate(text, environment, path.resolve().parent)


def validate(text: source.Source, environment: Variables[str, str], folder: Path) -> Loaded:
    """Check a manifest's text that stands for a file in ``folder``."""
    findings = Findings(text.name, text.lines, MOST)
    warnings, unused = Findings(text.name, text.lines), Findings(text.name, text.lines)
    keys: ManifestKeys | None = None
    try:
        root = interpolate(compose(text.text, findings), environment, findings)
        keys = _keys(root, findings)
        rules.check(root, findings, warnings, folder)
        pending.note(root, unused)
    except (Unreadable, Enough):
        pass
    if keys is None or findings.problems:
        raise _invalid(findings)
    return Loaded(build(keys, folder, text.revision), warnings.ordered(), unused.ordered())


def _keys(root: Node, findings: Findings) -> ManifestKeys | None:
    try:
        return ManifestKeys.model_validate(plain(root))
    except ValidationError as exc:
        messages.report(exc.errors(include_url=False), root, findings)
        return None


def _invalid(findings: Findings) -> ManifestInvalid:
    problems = findings.ordered()
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    if len(problems) >= MOST:
        count = f"{MOST} problems and perhaps more"
    return ManifestInvalid(f"{findings.file} has {count}", problems)
