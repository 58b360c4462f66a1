"""Adding a service to manifests of every style: comments, order and other lines stay."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest
import yaml

from msctl.errors import UsageError
from msctl.scaffold import manifest_edit as module
from msctl.scaffold.manifest_edit import add_service

ENTRY = {"build": "services/new", "database": "postgres", "subscribes": ["order.*", "#"]}
ROUTES = [{"path": "/api/new/{rest:path}", "service": "new", "rewrite": "/new/{rest}"}]
ROOT = Path(__file__).parents[3]

WEB = "services:\n  web:\n    image: x\n"
STYLES = {
    "blocks": "project: a\ngateway:\n  routes:\n    - path: /x\n      service: web\n" + WEB,
    "one line routes": "project: a\ngateway:\n  routes:\n    - {path: /x, service: web}\n" + WEB,
    "one line service": "project: a\nservices:\n  web: {image: x}\n",
    "list not indented": "project: a\ngateway:\n  routes:\n  - path: /x\n    service: web\n" + WEB,
    "four spaces": "project: a\nservices:\n    web:\n        image: x\n",
    "no gateway": "project: a\n# these run\n" + WEB,
    "no routes": "project: a\ngateway:\n  port: 81\n" + WEB,
    "services first": WEB + "\n# the door\ngateway:\n  port: 81\nproject: a\n",
    "comments": (
        "# top\nproject: a # name\n\nservices: # all\n  # first\n  web: # w\n    image: x # i\n    # below\n"
        "  # after\n\n# about auth\nauth:\n  clients: {}\n# end\n"
    ),
    "blank lines between": "project: a\n" + WEB + "\n  api:\n    image: y\n",
    "no line end": "project: a\nservices:\n  web:\n    image: x",
    "windows": "project: a\r\nservices:\r\n  web:\r\n    image: x\r\n",
    "nothing yet": "project: a\ngateway:\n  port: 81\n\nservices:\n",
    "literal text": "project: a\n"
    + WEB
    + "    environment:\n      T: |\n        # no comment\n        a: b\n",
}
IN_BRACKETS = {
    "services": "project: a # n\nservices: {web: {image: x}} # s\n",
    "services over lines": "project: a\nservices: {\n  web: {image: x}\n}\n",
    "everything": "{project: a, gateway: {routes: [{path: /x, service: w}]}, services: {w: {image: x}}}\n",
    "routes": "project: a\ngateway:\n  routes: [{path: /x, service: web}] # r\n" + WEB,
    "gateway": "project: a\ngateway: {port: 81}\nservices:\n  web:\n    image: x # i\n",
    "empty services": "project: a # n\nservices: {}\n",
}


def changed(before: str, after: str) -> list[str]:
    """Lines of ``before`` that are gone."""
    compared = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in compared if line.startswith("- ")]


@pytest.mark.parametrize("text", STYLES.values(), ids=list(STYLES))
def test_lines_are_only_added(text: str) -> None:
    edited = add_service(text, "new", ENTRY, ROUTES)
    assert changed(text, edited) == []
    document = yaml.safe_load(edited)
    assert document["services"]["new"] == ENTRY
    assert list(document["services"])[-1] == "new"
    assert document["gateway"]["routes"][-1] == ROUTES[0]
    assert ("\r\n" in text) == ("\r\n" in edited)


@pytest.mark.parametrize("text", IN_BRACKETS.values(), ids=list(IN_BRACKETS))
def test_brackets_are_added_to_as_well(text: str) -> None:
    edited = add_service(text, "new", ENTRY, ROUTES)
    document = yaml.safe_load(edited)
    assert document["services"]["new"] == ENTRY
    assert document["gateway"]["routes"][-1] == ROUTES[0]
    comments = [line.partition(" #")[2] for line in text.splitlines() if " #" in line]
    assert all(f"#{comment}" in edited for comment in comments)


def test_a_comment_of_the_next_section_stays_with_it() -> None:
    edited = add_service(STYLES["comments"], "new", ENTRY, [])
    assert "\n\n# about auth\nauth:" in edited
    assert edited.index("  # after") < edited.index("new:") < edited.index("# about auth")


def test_the_shops_manifest_only_grows() -> None:
    text = (ROOT / "msctl.yaml").read_text(encoding="utf-8")
    edited = add_service(text, "new", ENTRY, ROUTES)
    added = [line for line in edited.splitlines() if line not in text.splitlines()]
    assert changed(text, edited) == []
    assert added == [
        "    - {path: '/api/new/{rest:path}', service: new, rewrite: '/new/{rest}'}",
        "  new:",
        "    build: services/new",
        "    subscribes: [order.*, '#']",
    ]


def test_the_reference_manifest_can_be_added_to() -> None:
    text = (ROOT / "msctl" / "manifest" / "reference.yaml").read_text(encoding="utf-8")
    edited = add_service(text, "new", ENTRY, ROUTES)
    assert changed(text, edited) == []


def test_without_a_route_the_gateway_is_left_alone() -> None:
    edited = add_service(STYLES["blocks"], "new", ENTRY, [])
    assert yaml.safe_load(edited)["gateway"] == yaml.safe_load(STYLES["blocks"])["gateway"]


def test_what_cannot_be_added_to_is_said_with_the_lines_to_add(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "add_lines", lambda text, *_: text)
    monkeypatch.setattr(module, "_add_nodes", lambda text, *_: text)
    with pytest.raises(UsageError, match="cannot be added to") as refused:
        add_service(STYLES["blocks"], "new", ENTRY, [])
    assert "build: services/new" in str(refused.value.hint)
