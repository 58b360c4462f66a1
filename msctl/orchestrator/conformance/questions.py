"""What the service is asked over HTTP."""

from __future__ import annotations

from typing import Any

from msctl.model.project import Project, Service
from msctl.orchestrator.conformance.bearing import Tokens

MANY = 50
TOO_LARGE = 3 * 1024 * 1024


def own_path(project: Project, service: Service, method: str = "GET") -> str | None:
    """A path of the service's own without parameters that clients reach through the gateway, if any."""
    for route in project.gateway.routes:
        if route.service == service.name and (not route.methods or method in route.methods):
            path = (route.rewrite or route.path).partition("{")[0].rstrip("/")
            return path or "/"
    return None


def questions(
    service: Service, path: str | None, marker: str, trace_id: str, tokens: Tokens | None = None
) -> list[dict[str, Any]]:
    """Every request of the exam, in its order."""
    ready, live = service.health.path, service.health.live
    own = path or ready
    trace = {"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"}
    asked: list[dict[str, Any]] = [
        {"id": "ready", "target": ready},
        {"id": "ready again", "target": ready, "times_in_row": 3},
        {"id": "ready many", "target": ready, "times": MANY},
        {"id": "ready beside slow", "target": ready, "beside_slow": True},
        {"id": "ready head", "method": "HEAD", "target": ready},
        {"id": "ready delete", "method": "DELETE", "target": ready},
        {"id": "health", "target": "/health"},
        {"id": "own", "target": own},
        {"id": "unknown", "target": f"/{marker}", "headers": trace},
        {"id": "odd method", "method": "BREW", "target": own},
        {"id": "odd query", "target": f"{own}?%00=%ff&limit=%F0%9F%92%A9&limit=-1"},
        {"id": "odd header", "target": own, "headers": {"Accept": "text/\x80\xff", "Cookie": "a" * 4000}},
        {"id": "dots", "target": "/../../../../etc/passwd"},
        {"id": "encoded dots", "target": "/%2e%2e/%2e%2e/%2e%2e/etc/passwd"},
        {"id": "bad trace", "target": own, "headers": {"traceparent": "00-zz-zz-zz"}},
        {"id": "no time", "target": own, "headers": {"X-Timeout-Ms": "abc"}},
        {"id": "bad json", "method": "POST", "target": own, "body": "{", "headers": _JSON},
        {"id": "wrong json", "method": "POST", "target": own, "body": "[1]", "headers": _JSON},
        {"id": "large body", "method": "POST", "target": own, "size": TOO_LARGE, "headers": _JSON},
        {"id": "metrics", "target": "/metrics"},
        {"id": "ready at last", "target": ready},
    ]
    if live:
        asked.append({"id": "live", "target": live})
    return asked if tokens is None else [*(_bearing(one, tokens.full) for one in asked), *_doors(own, tokens)]


def _bearing(question: dict[str, Any], token: str) -> dict[str, Any]:
    headers = {**question.get("headers", {}), "Authorization": f"Bearer {token}"}
    return {**question, "headers": headers}


def _doors(own: str, tokens: Tokens) -> list[dict[str, Any]]:
    """What must not open the service's own path."""
    asked: list[dict[str, Any]] = [
        {"id": "no token", "target": own},
        {"id": "no genuine token", "target": own, "headers": {"Authorization": f"Bearer {_FORGED}"}},
        {
            "id": "changed token",
            "target": own,
            "headers": {"Authorization": f"Bearer {tokens.full[:-8]}AAAAAAAA"},
        },
    ]
    if tokens.lesser is not None:
        asked.append(
            {"id": "lesser token", "target": own, "headers": {"Authorization": f"Bearer {tokens.lesser}"}}
        )
    return asked


_JSON = {"Content-Type": "application/json"}
_FORGED = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.eyJzdWIiOiJub2JvZHkifQ."
