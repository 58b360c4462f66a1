"""``export compose``: services, databases and broker as a Compose file that runs without msctl."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from msctl.model.project import Project, Service

_IMAGES = {"postgres": "postgres:17", "mariadb": "mariadb:11.4", "redis": "redis:7"}
_DATA = {"postgres": "/var/lib/postgresql/data", "mariadb": "/var/lib/mysql", "redis": "/data"}
_URLS = {
    "postgres": "postgresql://{user}:{password}@{host}:5432/{user}",
    "mariadb": "mysql://{user}:{password}@{host}:3306/{user}",
    "redis": "redis://:{password}@{host}:6379/0",
}
_READY = {
    "postgres": "pg_isready -q -h 127.0.0.1 -U {user}",
    "mariadb": "healthcheck.sh --connect --innodb_initialized",
    "redis": "redis-cli -a $$REDIS_PASSWORD ping | grep -q PONG",
}
_BROKER = "rabbitmq:4"
_CHECK = {"interval": "2s", "timeout": "2s", "retries": 60}


def export_compose(project: Project, runtime: str) -> tuple[str, list[str]]:
    """The file's text, and what it cannot say; ``runtime`` is the image that services start from."""
    services: dict[str, Any] = {}
    configs: dict[str, Any] = {}
    volumes: dict[str, Any] = {}
    for service in project.services.values():
        if service.external is None:
            services[service.name] = _service(project, service, runtime, configs)
            if service.database is not None:
                services[f"{service.name}-db"] = _database(service, volumes)
    if project.uses_broker:
        services["broker"] = _broker(volumes)
    document = {"name": project.name, "services": services, "configs": configs, "volumes": volumes}
    text = yaml.safe_dump({k: v for k, v in document.items() if v}, sort_keys=False, width=10_000)
    return text, list(_notes(project))


def _variable(name: str, what: str) -> str:
    return f"${{{name.upper().replace('-', '_')}_{what}:?set it}}"


def _service(project: Project, service: Service, runtime: str, configs: dict[str, Any]) -> dict[str, Any]:
    environment = {
        "MSCTL_PROJECT": project.name,
        "MSCTL_SERVICE": service.name,
        "PORT": str(service.port),
        **{name: value.replace("$", "$$") for name, value in service.environment.items()},
    }
    entry: dict[str, Any] = {}
    if service.build is not None:
        entry["build"] = {"context": str(service.build), "args": {"MSCTL_RUNTIME": runtime}}
    else:
        entry["image"] = service.image
    mounted: list[dict[str, Any]] = []
    needs: dict[str, Any] = {}
    if service.database is not None:
        password = _variable(service.name, "DATABASE_PASSWORD")
        url = _URLS[service.database.engine].format(
            user=service.name, password=password, host=f"{service.name}-db"
        )
        environment["DATABASE_URL_FILE"] = _mount(configs, mounted, f"{service.name}_database_url", url)
        needs[f"{service.name}-db"] = {"condition": "service_healthy"}
    if service.publishes or service.subscribes:
        url = f"amqp://msctl:{_variable('broker', 'PASSWORD')}@broker:5672/%2F"
        environment["AMQP_URL_FILE"] = _mount(configs, mounted, "amqp_url", url)
        needs["broker"] = {"condition": "service_healthy"}
    entry |= {"environment": environment, "ports": [f"127.0.0.1::{service.port}"]}
    entry |= {"configs": mounted} if mounted else {}
    entry |= {"depends_on": needs} if needs else {}
    return entry | _limits(service)


def _mount(configs: dict[str, Any], mounted: list[dict[str, Any]], name: str, content: str) -> str:
    configs[name] = {"content": content}
    target = f"/run/secrets/{name.removeprefix(name.partition('_')[0] + '_') if 'database' in name else name}"
    mounted.append({"source": name, "target": target})
    return target


def _limits(service: Service) -> dict[str, Any]:
    found: dict[str, Any] = {"stop_grace_period": f"{service.stop_grace:g}s", "restart": "unless-stopped"}
    deploy: dict[str, Any] = {}
    if service.replicas > 1:
        deploy["replicas"] = service.replicas
    limits = {
        "memory": service.resources.memory and str(service.resources.memory),
        "cpus": service.resources.cpus and str(service.resources.cpus),
    }
    if any(limits.values()):
        deploy["resources"] = {"limits": {key: value for key, value in limits.items() if value}}
    return found | ({"deploy": deploy} if deploy else {})


def _database(service: Service, volumes: dict[str, Any]) -> dict[str, Any]:
    assert service.database is not None  # noqa: S101
    engine, user = service.database.engine, service.name
    volume = f"{user}-data"
    volumes[volume] = {}
    password = _variable(user, "DATABASE_PASSWORD")
    entry: dict[str, Any] = {
        "image": _IMAGES[engine].partition(":")[0] + f":{service.database.version}"
        if service.database.version
        else _IMAGES[engine],
        "environment": _login(engine, user, password),
        "volumes": [f"{volume}:{_DATA[engine]}"],
        "healthcheck": {"test": ["CMD-SHELL", _READY[engine].format(user=user)], **_CHECK},
        "restart": "unless-stopped",
    }
    if engine == "redis":
        entry["command"] = ["sh", "-c", 'exec redis-server --appendonly yes --requirepass "$$REDIS_PASSWORD"']
    return entry


def _login(engine: str, user: str, password: str) -> dict[str, str]:
    if engine == "postgres":
        return {"POSTGRES_USER": user, "POSTGRES_DB": user, "POSTGRES_PASSWORD": password}
    if engine == "mariadb":
        return {
            "MARIADB_USER": user, "MARIADB_DATABASE": user, "MARIADB_PASSWORD": password,
            "MARIADB_RANDOM_ROOT_PASSWORD": "1",
        }  # fmt: skip
    return {"REDIS_PASSWORD": password}


def _broker(volumes: dict[str, Any]) -> dict[str, Any]:
    volumes["broker-data"] = {}
    return {
        "image": _BROKER,
        "hostname": "broker",
        "environment": {
            "RABBITMQ_DEFAULT_USER": "msctl",
            "RABBITMQ_DEFAULT_PASS": _variable("broker", "PASSWORD"),
        },
        "volumes": ["broker-data:/var/lib/rabbitmq"],
        "healthcheck": {"test": ["CMD", "rabbitmq-diagnostics", "-q", "check_running"], **_CHECK},
        "restart": "unless-stopped",
    }


def _notes(project: Project) -> Iterator[str]:
    yield "gateway: routes, circuits, rate limits, time-outs stay behind; services get ports of their own"
    yield "registry: services find each other by Compose's DNS, whether or not they are ready"
    if any(service.scopes for service in project.services.values()) or project.auth.clients:
        yield "auth: no tokens are issued or checked"
    if project.uses_broker:
        yield "broker: exchange 'events', queues, retries and dead letters are not declared"
    for service in project.services.values():
        if service.external is not None:
            yield f"services.{service.name}: runs elsewhere, at {service.external}"
