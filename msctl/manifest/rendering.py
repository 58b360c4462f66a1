"""Problems as plain text: the sentence, the source line and a caret."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msctl.model.problem import ManifestProblem

_SECRET = re.compile(
    r"""(?P<before>(?:password|passwd|secret|api_?key|private_?key|credentials?)["']?(?:\s*[:=]\s*|\s+)|token["']?\s*:\s+)"""
    r"""(?P<value>[^,}\s].*)""",
    re.IGNORECASE,
)
_LOGIN = re.compile(r"(?P<before>://)[^\s/@]+(?=@)")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_WIDEST = 160


def render(problems: Iterable[ManifestProblem]) -> str:
    """All problems, one below the other."""
    return "\n".join(_one(problem) for problem in problems)


def mask(line: str) -> str:
    """A source line as it may be shown: what looks like a secret is not in it."""
    return _LOGIN.sub(r"\g<before>[REDACTED]", _SECRET.sub(r"\g<before>[REDACTED]", line))


def _one(problem: ManifestProblem) -> str:
    said = _UNSAFE.sub("�", str(problem))
    if problem.source is None or not problem.source.strip():
        return said
    source, caret = _window(problem.source, problem.column)
    margin = f"{problem.line:>5} | "
    return f"{said}\n{margin}{source}\n{' ' * (len(margin) - 2)}| {' ' * caret}^"


def _window(source: str, column: int) -> tuple[str, int]:
    """The part of a line around a column, and where the column is in it."""
    line = _UNSAFE.sub(" ", source)
    start = max(0, column - 1 - _WIDEST // 2) if len(line) > _WIDEST else 0
    return line[start : start + _WIDEST].rstrip(), column - 1 - start
