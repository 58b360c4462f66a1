"""Keys that are accepted and do nothing yet; a row goes when its behaviour comes."""

from __future__ import annotations

from msctl.manifest.findings import Findings
from msctl.manifest.nodes import Mapping, Node, Path, Scalar, Sequence
from msctl.manifest.plain import matches

PENDING: tuple[tuple[Path, str], ...] = ()


def note(root: Node, findings: Findings) -> None:
    """Add each key of the manifest whose behaviour does not exist yet."""
    _visit(root, (), findings)


def _visit(node: Node, path: Path, findings: Findings) -> None:
    if isinstance(node, Mapping):
        for key, entry in node.entries.items():
            below = (*path, key)
            reason = next((why for pattern, why in PENDING if matches(below, pattern)), None)
            if reason:
                findings.on(entry.key, below, "has no effect yet", reason)
            elif not isinstance(entry.value, Scalar):
                _visit(entry.value, below, findings)
    elif isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            _visit(item, (*path, index), findings)
