"""``${VAR}``, ``${VAR:-default}``, ``${VAR:?message}`` and ``$$`` in values."""

from __future__ import annotations

import re
from collections.abc import Mapping as Variables

from msctl.manifest import scalars
from msctl.manifest.findings import Findings
from msctl.manifest.nodes import BROKEN, Entry, Hidden, Mapping, Node, Path, Scalar, Sequence

_DOLLAR = re.compile(
    r"\$(?:(?P<dollar>\$)|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::(?P<kind>[-?])(?P<rest>[^{}]*))?\}|\{[^}]*\}?)?"
)
_FORMS = "write ${NAME}, ${NAME:-default} or ${NAME:?message}; $$ is a dollar sign"


class _Wrong(Exception):
    def __init__(self, written: str, what: str, hint: str) -> None:
        super().__init__(what)
        self.written, self.what, self.hint = written, what, hint


def interpolate(root: Node, variables: Variables[str, str], findings: Findings) -> Node:
    """Fill in variables in every value; what cannot be filled in is reported and left broken."""
    return _fill(root, (), variables, findings)


def _fill(node: Node, path: Path, variables: Variables[str, str], findings: Findings) -> Node:
    if isinstance(node, Mapping):
        for key, entry in node.entries.items():
            node.entries[key] = Entry(entry.key, _fill(entry.value, (*path, key), variables, findings))
    elif isinstance(node, Sequence):
        node.items[:] = [_fill(item, (*path, i), variables, findings) for i, item in enumerate(node.items)]
    elif "$" in node.text:
        return _scalar(node, path, variables, findings)
    return node


def _scalar(node: Scalar, path: Path, variables: Variables[str, str], findings: Findings) -> Scalar:
    try:
        text = _DOLLAR.sub(lambda match: _value(match, variables), node.text)
    except _Wrong as wrong:
        line = findings.lines[node.line - 1] if node.line <= len(findings.lines) else ""
        column = line.find(wrong.written, node.column - 1) + 1 or node.column
        findings.at(node.line, column, path, wrong.what, wrong.hint)
        return Scalar(node.line, node.column, node.text, BROKEN)
    value = text if node.quoted else scalars.resolve(text)
    if isinstance(value, str) and "${" in node.text:
        value = Hidden(value)
    return Scalar(node.line, node.column, text, value, node.quoted)


def _value(match: re.Match[str], variables: Variables[str, str]) -> str:
    if match["dollar"]:
        return "$"
    name, written = match["name"], match[0]
    if name is None:
        what = "a '$' that begins no variable" if written == "$" else "this is not a variable"
        raise _Wrong(written, what, _FORMS)
    value = variables.get(name)
    if value or (value is not None and match["kind"] is None):
        return value
    if match["kind"] == "-":
        return match["rest"]
    reason = f": {match['rest']}" if match["rest"] else ""
    hint = f"set it: export {name}=…" if match["kind"] else f"set it, or give a default: ${{{name}:-default}}"
    raise _Wrong(written, f"variable {name} is not set{reason}", hint)
