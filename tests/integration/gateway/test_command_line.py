"""``msctl circuits`` towards a gateway that runs alone."""

from __future__ import annotations

import subprocess
import sys

from tests.integration.gateway.conftest import MakeGateway, MakeUpstream, document
from tests.integration.gateway.process import ROOT, GatewayProcess


def msctl(front: GatewayProcess, *arguments: str) -> str:
    command = [
        sys.executable,
        "-c",
        "from msctl.cli.main import main; main()",
        *arguments,
        "--config",
        str(front.config),
    ]
    ended = subprocess.run(
        command, cwd=front.folder, capture_output=True, text=True, check=True, env={"PYTHONPATH": str(ROOT)}
    )
    return ended.stdout + ended.stderr


def test_circuits_are_shown_tripped_and_reset(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    front = gateway(document(upstream()))
    assert "closed" in msctl(front, "circuits")
    msctl(front, "circuits", "trip", "orders")
    assert front.circuit()["state"] == "open"
    msctl(front, "circuits", "reset", "orders")
    assert front.circuit()["state"] == "closed"
