"""All errors speak alike: what happened, then what to do, each in one clause without a full stop."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import msctl
from msctl import errors

KINDS = {name for name, kind in vars(errors).items() if inspect.isclass(kind)} | {"ObserverAway"}
NAMES = "Consul|MariaDB|PostgreSQL|Prometheus|Python|RabbitMQ|Redis|Docker|DOCKER_HOST|SERVICE=NUMBER"
REMEDY_NEEDED = {"UsageError", "NotRunning", "ObserverAway", "BrokerError"}
TOLD_BY_PEOPLE = ("broker", "cli", "orchestrator", "plan", "scaffold")
"""Packages whose errors reach a person, not the log of a process."""


def texts(node: ast.expr) -> Iterator[str]:
    """What is written there, with ``{}`` for values; nothing for an expression of another kind."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values)


def raised() -> Iterator[tuple[str, str, list[ast.expr]]]:
    """Place, kind, message and hint of every error that is made somewhere."""
    root = Path(msctl.__file__).parent
    for path in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            kind = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            if isinstance(node, ast.Call) and kind in KINDS and node.args:
                hints = [keyword.value for keyword in node.keywords if keyword.arg == "hint"]
                yield f"{path.relative_to(root)}:{node.lineno}", kind, [*node.args, *hints]


ERRORS = list(raised())


def test_there_are_errors_to_look_at() -> None:
    assert len(ERRORS) > 150


@pytest.mark.parametrize(("place", "kind", "parts"), ERRORS, ids=[place for place, *_ in ERRORS])
def test_an_error_speaks_like_the_others(place: str, kind: str, parts: list[ast.expr]) -> None:
    for text in (text for part in parts for text in texts(part)):
        assert not text.rstrip().endswith((".", "!")), text
        assert not text[:1].isupper() or re.match(NAMES, text), text
    for hint in (text for part in parts[1:] for text in texts(part)):
        assert not re.match(r"(?:msctl|docker) [a-z]", hint), f"write what '{hint}' does"
    if kind in REMEDY_NEEDED and place.partition("/")[0] in TOLD_BY_PEOPLE:
        assert len(parts) > 1, "a remedy is missing"
