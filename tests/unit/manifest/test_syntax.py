"""Text that is not a manifest: the right line and a hint, never a traceback."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from msctl.model.problem import ManifestProblem

Finder = Callable[..., tuple[ManifestProblem, ...]]
HEAD = "project: hello\nservices:\n  web:\n    image: nginx\n"

CASES: dict[str, tuple[str | bytes, int, str, str]] = {
    "empty": ("", 1, "empty", "project: NAME"),
    "comment only": ("# nothing\n", 1, "empty", "project: NAME"),
    "tab": (HEAD + "\tport: 1\n", 5, "tab", "spaces"),
    "tab after spaces": (HEAD + "  \tport: 1\n", 5, "tab", "spaces"),
    "nul": (HEAD.encode() + b"    port: \0\n", 5, "control character U+0000", "remove"),
    "escape character": (HEAD + "    port: \x1b[31m\n", 5, "U+001B", "remove"),
    "latin 1": (HEAD.encode() + b"    # caf\xe9\n", 5, "UTF-8", "save"),
    "utf 16": (HEAD.encode("utf-16"), 1, "UTF-8", "save"),
    "binary": (b"\x7fELF\x02\x01\x01\0\0", 1, "control character", "remove"),
    "two documents": (HEAD + "---\nproject: two\n", 5, "second document", "one document"),
    "anchor": (HEAD + "    environment: &common {A: b}\n", 5, "anchors", "write the value out"),
    "alias": (HEAD + "    environment: *common\n", 5, "aliases", "quote it"),
    "merge": (HEAD + "    <<: {port: 1}\n", 5, "merge keys", "write the keys out"),
    "tag": (HEAD + "    port: !!python/name:os.system x\n", 5, "tags", "quote"),
    "short tag": (HEAD + "    port: !secret x\n", 5, "tags", "quote"),
    "star pattern": (HEAD + "    subscribes: [*.placed]\n", 5, "alias", "'*.placed'"),
    "duplicate": (HEAD + "    port: 1\n    port: 2\n", 6, "first given in line 5", "remove one"),
    "duplicate service": (HEAD + "  web:\n    image: nginx\n", 5, "duplicate key", "remove one"),
    "duplicate in braces": (HEAD + "    resources: {cpus: 1, cpus: 2}\n", 5, "duplicate key", "remove one"),
    "open bracket": (HEAD + "    scopes: [a, b\n    port: 1\n", 5, "not closed", "add ']'"),
    "open brace": (HEAD + "    resources: {cpus: 1\n    port: 1\n", 5, "not closed", "add '}'"),
    "open quote": (HEAD + '    environment: {A: "b}\n    port: 1\n', 5, "quote", "close it"),
    "quote closed by the next": (HEAD + '    stop_grace: "5s\n    balance: "x"\n', 5, "quote", "close it"),
    "text after quote": (HEAD + '    stop_grace: "5" s\n', 5, "unexpected text", "quote"),
    "two colons": (HEAD + "    environment: A: b\n", 5, "second ': '", "quote"),
    "at sign": (HEAD + "    environment: {A: @b}\n", 5, "begin with '@'", "quote it"),
    "unknown escape": (HEAD + '    environment: {A: "\\q"}\n', 5, "escape", "single quotes"),
    "stray bracket": (HEAD + "    scopes: ]\n", 5, "out of place", "remove"),
    "list on a key's line": (HEAD + "    scopes: - a\n", 5, "list cannot begin", "line of its own"),
    "mapping as key": (HEAD + "    {a: b}: c\n", 5, "a key must be a word", "quote"),
    "text only": ("hello\n", 1, "not a mapping", "project"),
    "list only": ("- project: hello\n", 1, "not a mapping", "project"),
    "too big a file": (b"#" * (10 * 1024 * 1024), 1, "too big", "at most"),
    "deep flow": (HEAD + "    port: " + "[" * 5000 + "\n", 5, "nested too deeply", "32 levels"),
    "deep block": ("".join(" " * n + "a:\n" for n in range(900)), 33, "nested too deeply", "32 levels"),
    "alias bomb": ("a: &a [x]\n" + "b: [*a,*a,*a,*a]\n" * 9, 1, "anchors", "write"),
    "endless alias": ("a: &a [*a]\n", 1, "anchors", "write"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_line_and_the_hint_are_right(name: str, problems: Finder) -> None:
    text, line, what, hint = CASES[name]
    found = [problem for problem in problems(text) if problem.line == line]
    assert found, f"nothing in line {line}: {[str(problem) for problem in problems(text)]}"
    assert any(what in problem.what and hint in (problem.hint or "") for problem in found), found


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_counts(newline: str, problems: Finder) -> None:
    found = problems((HEAD + "    prot: 1\n").replace("\n", newline).encode())
    assert [(problem.line, problem.column) for problem in found] == [(5, 5)]
    assert found[0].source == "    prot: 1"


def test_a_byte_order_mark_is_fine(problems: Finder) -> None:
    assert problems(b"\xef\xbb\xbf" + HEAD.encode()) == ()


def test_columns_count_characters(problems: Finder) -> None:
    (found,) = problems(HEAD + "    environment: {A: 'ä€😀', B: [1]}\n")
    assert (found.line, found.column) == (5, 32)
