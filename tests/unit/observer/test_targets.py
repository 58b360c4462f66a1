"""Consul's catalog as Prometheus's targets."""

from __future__ import annotations

from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from msctl.observer.targets import Targets, targets


def entry(name: str, role: str | None, port: int, project: str = "shop") -> dict[str, Any]:
    meta = {"msctl-project": project} | ({"msctl-role": role} if role else {})
    return {"ID": f"shop-{name}-1", "Service": name, "Address": "10.1.2.3", "Port": port, "Meta": meta}


def test_services_are_asked_where_they_serve_and_the_platform_at_its_admin_port() -> None:
    known = [
        *(entry(name, "service", 8000) for name in ("orders", "web")),
        *(entry(name, name, 8080) for name in ("gateway", "auth")),
        *(entry(name, name, 8081) for name in ("agent", "observer")),
        *(entry("inventory", None, 8000), entry("broker", "broker", 5672), entry("legacy", "external", 80)),
        *(entry("shopping", "service", 8000, project="other"), {"ID": "consul", "Service": "consul"}),
    ]
    found = targets("shop", known)
    assert {f["labels"]["job"]: f["targets"] for f in found} == {
        **{name: ["10.1.2.3:8000"] for name in ("orders", "web", "inventory")},
        **{name: ["10.1.2.3:8081"] for name in ("gateway", "auth", "agent", "observer")},
    }
    assert found[0]["labels"] == {"job": "orders", "instance": "shop-orders-1", "role": "service"}


async def test_consul_decides_who_may_know() -> None:
    async def catalog(request: web.Request) -> web.Response:
        if request.headers.get("X-Consul-Token") != "good":
            return web.Response(status=403)
        return web.json_response({"Services": {"a": entry("orders", "service", 8000)}})

    consul = web.Application()
    consul.add_routes([web.get("/v1/catalog/node/registry", catalog)])
    async with TestServer(consul) as there, aiohttp.ClientSession() as session:
        app = web.Application()
        app.add_routes(Targets(session, str(there.make_url("")).rstrip("/"), lambda: "shop").routes())
        async with TestClient(TestServer(app)) as client:
            answer = await client.get("/-/targets", headers={"Authorization": "Bearer good"})
            assert [t["targets"] for t in await answer.json()] == [["10.1.2.3:8000"]]
            assert (await client.get("/-/targets")).status == 403
            await there.close()
            assert (await client.get("/-/targets")).status == 503
