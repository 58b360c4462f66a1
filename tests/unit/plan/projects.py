"""Small projects and the inputs they are expanded with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from msctl.model.desired import Desired, ImageFact, SecretFile
from msctl.model.project import Database, DatabaseEngine, Project, Service, Subscription
from msctl.model.secret import Secret
from msctl.plan.expand import BrokerRuntime, Credentials, Inputs, expand

ORIGIN = "laptop:/shop"
RELOAD = ("broker-reload",)


def service(name: str, database: DatabaseEngine | None = None, **more: Any) -> Service:
    """A service built from ``services/<name>``."""
    values: dict[str, Any] = {"build": Path("services") / name, **more}
    return Service(name, database=Database(database) if database else None, **values)


def project(*services: Service, **more: Any) -> Project:
    """A project called shop."""
    return Project("shop", Path("/project"), "revision", {s.name: s for s in services}, **more)


def shop() -> Project:
    """Two replicas with PostgreSQL, a service that registers itself, one without anything."""
    return project(
        service("orders", "postgres", replicas=2, publishes=("order.placed",)),
        service("inventory", "mariadb", registration="self"),
        service("notifications", "redis", subscribes=(Subscription("payment.*"),)),
        service("web"),
    )


def inputs(of: Project, *, versions: Mapping[str, str] | None = None, gateway: str = "routes: 1") -> Inputs:
    """Images called after what they serve; ``versions`` tells other content of a service's folder."""
    content = versions or {}
    names = list(of.services)
    return Inputs(
        images={role: ImageFact(f"msctl/{role}:1", f"id-{role}", "recipe", "1") for role in _ROLES},
        databases={
            s.name: ImageFact(f"msctl/{s.database.engine}:1", f"id-{s.database.engine}", "recipe", "1")
            for s in of.services.values()
            if s.database is not None
        },
        services={n: ImageFact(_tag(n, content), _tag(n, content)) for n in names},
        credentials=Credentials(
            _passwords("db", names),
            _passwords("root", names),
            _passwords("amqp", names),
            registry=_passwords("consul", [*names, "gateway", "auth", "metrics"]),
            clients=_passwords("oauth", [*names, "gateway"]),
        ),
        platform_files={
            "registry": (SecretFile("registry.json", Secret("{}")),),
            "gateway": (SecretFile("gateway.yaml", Secret(gateway), live=True),),
            "broker": (SecretFile("definitions.json", Secret("[]"), live=True),),
        },
        broker=BrokerRuntime({"RABBITMQ_NODENAME": "rabbit@localhost"}, RELOAD),
    )


def desired(of: Project, **more: Any) -> Desired:
    """What ``of`` should have, with the usual inputs."""
    return expand(of, inputs(of, **more))


def with_service(of: Project, name: str, **changes: Any) -> Project:
    """``of`` with one service changed."""
    return replace(of, services={**of.services, name: replace(of.services[name], **changes)})


def without_service(of: Project, name: str) -> Project:
    """``of`` without one service."""
    return replace(of, services={key: value for key, value in of.services.items() if key != name})


def password(kind: str, name: str) -> str:
    """The password that ``inputs`` gives a service."""
    return f"pass-{kind}-{name}"


_ROLES = ("runtime", "registry", "broker", "metrics")


def _passwords(kind: str, names: list[str]) -> dict[str, Secret]:
    return {name: Secret(password(kind, name)) for name in names}


def _tag(name: str, content: Mapping[str, str]) -> str:
    return f"shop/{name}:{content.get(name, 'one')}"
