"""The YAML parser's complaints in our words, moved to the line where the mistake was made."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import yaml

from msctl.manifest.findings import Findings
from msctl.manifest.indentation import crooked_line, indent

DEEPEST = 32
"""Levels of a manifest; ours ends at this one, the parser itself much deeper."""

_OPEN_QUOTE = re.compile(r"""(?:^|[:\-\[,{]\s+|[\[{])(["'])(?:(?!\1).)*$""")
_TIGHT_COLON = re.compile(r"\s*(?:- )?(?P<key>[\w-]+):(?P<value>\S.*)$")
_COMMENT = re.compile(r"\s+#.*$")
_KEY = re.compile(r"\s*(?:- +)*(?P<key>[\w.-]+)\s*:(?:\s|$)")
_WORDS = re.compile(r"\s*(?:- )?(?P<key>[\w-]+)(?:\s+(?P<value>(?:(?!: )[^#])*\S))?\s*$")


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where the parser gave up and where what it was reading began; lines from 1."""

    lines: tuple[str, ...]
    line: int
    column: int
    begin_line: int
    begin_column: int
    problem: str
    context: str

    def text(self, line: int) -> str:
        """A line of the file, empty beyond its end."""
        return self.lines[line - 1] if 0 < line <= len(self.lines) else ""

    def character(self) -> str:
        """What stands where the parser gave up."""
        return self.text(self.line)[self.column - 1 : self.column]


_Verdict: TypeAlias = tuple[int, int, str, str | None]


def explain(error: yaml.YAMLError, findings: Findings) -> None:
    """Add one problem for a syntax error."""
    if not isinstance(error, yaml.MarkedYAMLError):
        findings.at(1, 1, (), "this is not YAML", str(error).splitlines()[0])
        return
    spot = _spot(error, findings.lines)
    verdict = next((found for rule, judge in _RULES if rule in spot.problem and (found := judge(spot))), None)
    line, column, what, hint = verdict or (spot.line, spot.column, spot.problem or "this is not YAML", None)
    line = min(line, max(len(findings.lines), 1))
    findings.at(line, column, (), what, hint)


def missing_colon(written: str) -> str | None:
    """How ``written`` was probably meant, when it looks like a key without its colon or space."""
    written = _COMMENT.sub("", written)
    if match := _TIGHT_COLON.match(written):
        return f"write '{match['key']}: {match['value'].strip()}' with a space after the colon"
    if match := _WORDS.match(written):
        value = f" {match['value']}" if match["value"] else ""
        return f"write '{match['key']}:{value}' with a colon"
    return None


def too_deep() -> tuple[str, str]:
    """What is wrong with deeper nesting, and what to do."""
    return "nested too deeply", f"a manifest has at most {DEEPEST} levels"


def _spot(error: yaml.MarkedYAMLError, lines: tuple[str, ...]) -> _Spot:
    mark = error.problem_mark or error.context_mark
    begin = error.context_mark or mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    first, first_column = (begin.line + 1, begin.column + 1) if begin else (line, column)
    return _Spot(lines, line, column, first, first_column, error.problem or "", error.context or "")


def _above(spot: _Spot) -> int:
    """The last line before the problem that says something; 0 if none does."""
    for line in range(spot.line - 1, 0, -1):
        stripped = spot.text(line).strip()
        if stripped and not stripped.startswith("#"):
            return line
    return 0


def _open_quote(spot: _Spot) -> _Verdict | None:
    for line in range(max(spot.begin_line, 1), spot.line + 1):
        text = spot.text(line).split(" #")[0]
        if match := _OPEN_QUOTE.search(text):
            hint = f"close it with {match[1]} in the same line"
            return line, match.start(1) + 1, "a quote is opened here and not closed", hint
    return None


def _values(spot: _Spot) -> _Verdict | None:
    above, here = _above(spot), spot.text(spot.line)
    key = _KEY.match(here)
    second = key is not None and spot.column > key.end()
    if second or not above:
        return spot.line, spot.column, "a second ': ' in one value", "quote a value that contains ': '"
    before = spot.text(above)
    if not _KEY.match(before):
        hint = missing_colon(before) or "a line is written 'key: value'"
        return above, indent(before) + 1, "no colon in this line", hint
    if (line := crooked_line(spot.lines, spot.line)) != spot.line:
        return _crooked_at(spot, line)
    what = "indented deeper than the line above, which has a value already"
    return spot.line, indent(here) + 1, what, _line_up(spot, above)


def _crooked_at(spot: _Spot, line: int) -> _Verdict:
    neighbour = spot.line if line < spot.line else _above(spot)
    return line, indent(spot.text(line)) + 1, "wrong indentation", _line_up(spot, neighbour)


def _line_up(spot: _Spot, line: int) -> str:
    name = _KEY.match(spot.text(line))
    return f"line it up with '{name['key']}' in line {line}" if name else "keys of one mapping line up"


def _no_colon(spot: _Spot) -> _Verdict | None:
    text = spot.text(spot.begin_line)
    if quote := _open_quote(spot):
        return quote
    what = "no space after the colon" if _TIGHT_COLON.match(text) else "no colon in this line"
    hint = missing_colon(text) or "a line is written 'key: value'"
    return spot.begin_line, spot.begin_column, what, hint


def _crooked(spot: _Spot) -> _Verdict | None:
    if quote := _open_quote(spot):
        return quote
    text = spot.text(spot.line)
    if text[: spot.column - 1].strip():
        return spot.line, spot.column, "unexpected text after a value", "quote the whole value"
    above = _above(spot)
    if above and _colonless(spot.text(above)):
        hint = missing_colon(spot.text(above)) or "a line is written 'key: value'"
        return above, indent(spot.text(above)) + 1, "no colon in this line", hint
    return _crooked_at(spot, crooked_line(spot.lines, spot.line))


def _colonless(text: str) -> bool:
    """Whether a line should have been a key: plain words, no list item, nothing in brackets."""
    item = text.lstrip().startswith("- ")
    return not item and not _KEY.match(text) and missing_colon(text) is not None


def _flow(spot: _Spot) -> _Verdict | None:
    if quote := _open_quote(spot):
        return quote
    bracket = "]" if "']'" in spot.problem else "}"
    opener = "[" if bracket == "]" else "{"
    if spot.line == spot.begin_line:
        return spot.line, spot.column, f"expected ',' or '{bracket}'", "separate the parts with commas"
    what = f"'{opener}' is opened here and not closed"
    return spot.begin_line, spot.begin_column, what, f"add '{bracket}'"


def _alias(spot: _Spot) -> _Verdict | None:
    text = spot.text(spot.begin_line)[spot.begin_column - 1 :]
    word = re.split(r"[\s,\]}]", text, maxsplit=1)[0]
    return spot.begin_line, spot.begin_column, f"'{word[:1]}' begins an alias", f"quote it: '{word}'"


def _character(spot: _Spot) -> _Verdict | None:
    if spot.character() == "\t":
        return spot.line, spot.column, "a tab in the indentation", "indent with spaces"
    what = f"a value cannot begin with '{spot.character()}'"
    return spot.line, spot.column, what, "quote it"


def _tab(spot: _Spot) -> _Verdict | None:
    return spot.line, spot.column, "a tab in the indentation", "indent with spaces"


def _end(spot: _Spot) -> _Verdict | None:
    if "quoted" not in spot.context:
        return None
    hint = "close it in the same line"
    return spot.begin_line, spot.begin_column, "a quote is opened here and not closed", hint


def _escape(spot: _Spot) -> _Verdict | None:
    return spot.line, spot.column, "an escape that YAML does not know", "use single quotes, or write \\\\"


def _content(spot: _Spot) -> _Verdict | None:
    what = f"'{spot.character()}' is out of place" if spot.character() else "a value is missing"
    return spot.line, spot.column, what, "remove it, or quote the value"


def _dash(spot: _Spot) -> _Verdict | None:
    return spot.line, spot.column, "a list cannot begin here", "put each '- item' on a line of its own"


def _tag(spot: _Spot) -> _Verdict | None:
    return spot.line, spot.column, "tags are not allowed", "quote a value that begins with !"


def _deep(spot: _Spot) -> _Verdict | None:
    return spot.line, spot.column, *too_deep()


_RULES: tuple[tuple[str, Callable[[_Spot], _Verdict | None]], ...] = (
    ("mapping values are not allowed", _values),
    ("could not find expected ':'", _no_colon),
    ("did not find expected key", _crooked),
    ("did not find expected '-' indicator", _crooked),
    ("did not find expected <document start>", _crooked),
    ("did not find expected ',' or", _flow),
    ("did not find expected alphabetic or numeric", _alias),
    ("cannot start any token", _character),
    ("found a tab character", _tab),
    ("unexpected end of stream", _end),
    ("unexpected document indicator", _end),
    ("escape", _escape),
    ("did not find expected hexdecimal number", _escape),
    ("did not find expected node content", _content),
    ("block sequence entries are not allowed", _dash),
    ("tag", _tag),
    ("maximum nesting depth", _deep),
)
