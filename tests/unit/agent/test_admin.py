"""What the agent says of itself."""

from __future__ import annotations

from collections import Counter

from aiohttp.test_utils import TestClient, TestServer

from msctl.agent.admin import Admin
from msctl.agent.registrar import Registrar
from tests.unit.agent.scene import Scene


async def test_health_tells_each_members_trouble_and_metrics_count() -> None:
    scene = Scene()
    registrar = Registrar(scene.engine, scene.catalog, "shop", scene.tell)
    counts = Counter(registered=3)
    admin = Admin({"registrar": registrar}, counts)
    async with TestClient(TestServer(admin.application())) as client:
        answer = await client.get("/-/health")
        seen = await answer.json()
        assert (answer.status, seen["status"]) == (200, "warn")
        assert seen["checks"]["agent:registrar"][0]["output"] == "starting"
        metrics = await (await client.get("/metrics")).text()
    assert "msctl_agent_registrations_total 3.0" in metrics
