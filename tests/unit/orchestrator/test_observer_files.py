"""The token between agent and observer, and the secrets to take out of logs."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path

from msctl.orchestrator.known_secrets import known_secrets
from msctl.orchestrator.observer_files import observer_files, observer_token
from msctl.orchestrator.workspace import Workspace
from tests.unit.plan.projects import project, service


def test_the_token_is_made_once_and_known_to_both(tmp_path: Path) -> None:
    workspace, numbers = Workspace.of(tmp_path), count(1)
    assert observer_token(workspace) is None
    first, second = (observer_files(workspace, project(), lambda: f"token-{next(numbers)}") for _ in range(2))
    assert first == second
    token = first["observer"][0].content.reveal()
    assert (token, observer_token(workspace)) == ("token-1", "token-1")
    assert first["agent"][0] == first["observer"][0]


def test_all_that_is_secret_is_told_to_the_agent_alone(tmp_path: Path) -> None:
    workspace = Workspace.of(tmp_path)
    workspace.write("credentials.json", {"database/orders": "generated-password", "short": "x"})
    variables = {"API_PASSWORD": "declared-password", "LOG_LEVEL": "information"}
    declared = project(service("orders", environment=variables))
    files = observer_files(workspace, declared, lambda: "observer-token")
    known = {f.name: f for f in files["agent"]}["known_secrets"]
    assert json.loads(known.content.reveal()) == ["declared-password", "generated-password", "observer-token"]
    assert known.live
    assert [f.name for f in files["observer"]] == ["observer_token", "topology.json"]


def test_a_broken_file_of_the_workspace_hides_no_other(tmp_path: Path) -> None:
    workspace = Workspace.of(tmp_path)
    workspace.write("credentials.json", {"a": "generated-password"})
    (workspace.folder / "broken.json").write_text("{")
    assert known_secrets(workspace, project()) == {"generated-password"}
