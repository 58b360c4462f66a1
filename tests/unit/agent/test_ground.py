"""The agent works for the engine that runs it, and no other."""

from __future__ import annotations

import pytest

from msctl.agent.ground import check_ground
from msctl.errors import EngineError
from msctl.model.desired import Attachment
from tests.unit.agent.scene import Scene, instance


def test_the_engine_that_runs_the_agent_is_the_right_one() -> None:
    scene = Scene()
    scene.start(instance(1, name="shop-agent", role="agent", attachments=(Attachment("shop", (), 8),)))
    check_ground(scene.engine, "shop", scene.engine.inspect("shop-agent").id[:12])


def test_another_engines_truth_is_refused() -> None:
    scene = Scene()
    with pytest.raises(EngineError, match="does not run this agent"):
        check_ground(scene.engine, "shop", "0123456789ab")
    scene.start(instance(1, name="shop-agent", role="agent", attachments=(Attachment("shop", (), 8),)))
    with pytest.raises(EngineError, match="does not run this agent"):
        check_ground(scene.engine, "shop", "0123456789ab")
