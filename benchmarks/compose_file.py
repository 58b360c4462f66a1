"""The Compose file that stands for a running project: same images, commands, files, networks and limits.

It is read off the running containers, so that it cannot drift from what msctl starts. Every check is the
cheapest that asks the same question, at intervals of one second; instances wait for their databases, as
msctl's do. Compose makes the databases' users by the images' own means; it registers nothing in Consul. The
agent is started, and waited for by msctl alone.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from msctl import labels

Json = dict[str, Any]

_ASK = (
    "exec 3<>/dev/tcp/127.0.0.1/{port} && printf 'GET {path} HTTP/1.0\\r\\n\\r\\n' >&3 "
    '&& read -r _ status _ <&3 && [ "$$status" = 200 ]'
)
_CHECKS = {
    "postgres": "pg_isready -q -h 127.0.0.1 -U postgres",
    "mariadb": "mariadb-admin --no-defaults --host=127.0.0.1 --connect-timeout=1 --silent ping",
    "redis": "redis-cli ping 2>/dev/null | grep -Eq '^(PONG|NOAUTH)'",
    "registry": _ASK.format(port=8500, path="/v1/catalog/services"),
    "broker": "exec 3<>/dev/tcp/127.0.0.1/5672",
    "gateway": _ASK.format(port=8080, path="/healthz"),
    "auth": _ASK.format(port=8080, path="/healthz"),
    "observer": _ASK.format(port=8081, path="/-/health"),
    "service": _ASK.format(port=8000, path="/readyz"),
}


def compose_file(project: str, engines: dict[str, str], folder: Path) -> Path:
    """Write the file for the running ``project``; ``engines`` maps services to their databases' engine."""
    names = _docker("container", "ls", "--quiet", "--filter", f"label={labels.PROJECT}={project}").split()
    found = json.loads(_docker("container", "inspect", *names))
    by_name = {item["Name"].removeprefix("/"): item for item in found}
    networks = {name for item in found for name in item["NetworkSettings"]["Networks"]}
    document = {
        "name": project,
        "services": {name: _service(item, project, engines, folder) for name, item in by_name.items()},
        "networks": {name: _network(name) for name in sorted(networks)},
        "volumes": {m["Name"]: {"name": m["Name"]} for item in found for m in _data(item)},
    }
    path = folder / "compose.json"
    path.write_text(json.dumps(document, indent=1))
    return path


def _service(item: Json, project: str, engines: dict[str, str], folder: Path) -> Json:
    host, config = item["HostConfig"], item["Config"]
    name, marks = item["Name"].removeprefix("/"), config["Labels"]
    secrets = _copy_secrets(name, config["User"], folder)
    service = {
        "container_name": name,
        "image": config["Image"],
        "command": [part.replace("$", "$$") for part in config["Cmd"] or []],
        "user": config["User"],
        "hostname": config["Hostname"],
        "environment": [entry.replace("$", "$$") for entry in config["Env"] or []],
        "read_only": host["ReadonlyRootfs"],
        "init": bool(host.get("Init")),
        "cap_drop": host["CapDrop"],
        "security_opt": host["SecurityOpt"],
        "pids_limit": host["PidsLimit"],
        "cpu_shares": host["CpuShares"],
        "restart": host["RestartPolicy"]["Name"],
        "tmpfs": [f"{path}:{options}" for path, options in (host.get("Tmpfs") or {}).items()],
        "dns": host.get("Dns"),
        "dns_search": host.get("DnsSearch"),
        "ports": _ports(host),
        "networks": {n: _place(place, marks) for n, place in item["NetworkSettings"]["Networks"].items()},
        "volumes": [f"{m['Name']}:{m['Destination']}" for m in _data(item)] + _sockets(item),
        "healthcheck": _check(marks, engines),
        "stop_signal": config.get("StopSignal") or "SIGTERM",
    }
    if secrets is not None:
        service["volumes"].append(f"{secrets}:/run/secrets:ro")
    owner = marks.get(labels.SERVICE)
    if marks[labels.ROLE] == "service" and owner in engines:
        service["depends_on"] = {labels.database(project, owner): {"condition": "service_healthy"}}
    if marks[labels.ROLE] == "database" and engines[owner] == "postgres":
        service["environment"] += _postgres_login(project, owner, folder / name)
    return {key: value for key, value in service.items() if value not in (None, [], {}, "", 0)}


def _check(marks: Json, engines: dict[str, str]) -> Json | None:
    role = marks[labels.ROLE]
    if role in {"agent", "metrics"}:  # up waits for the one less than Compose could, for the other not at all
        return None
    kind = engines[marks[labels.SERVICE]] if role == "database" else role
    test = ["CMD", "bash", "-c", _CHECKS[kind]]
    return {"test": test, "interval": "1s", "timeout": "2s", "retries": 120}


def _postgres_login(project: str, service: str, folder: Path) -> list[str]:
    """The service's role is made when the cluster is, as the image offers it."""
    url = urlsplit(_docker("exec", f"{project}-{service}-1", "cat", "/run/secrets/database_url"))
    password = folder / "role_password"
    password.write_text(unquote(url.password or ""))
    password.chmod(0o444)
    return [
        f"POSTGRES_USER={service}",
        f"POSTGRES_DB={service}",
        "POSTGRES_PASSWORD_FILE=/run/secrets/role_password",
    ]


def _copy_secrets(name: str, user: str, folder: Path) -> Path | None:
    """The container's files as ``user``'s own, which needs root; Compose mounts them as they are."""
    target = folder / name
    command = ["docker", "cp", f"{name}:/run/secrets", str(target)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        return None
    owner, _, group = user.partition(":")
    for path in (target, *target.iterdir()):
        os.chown(path, int(owner), int(group))
    return target


def _place(place: Json, marks: Json) -> Json:
    fixed = (place.get("IPAMConfig") or {}).get("IPv4Address")
    role = marks[labels.ROLE]
    aliases = [role] if role not in {"service", "database"} else []
    return {**({"ipv4_address": fixed} if fixed else {}), **({"aliases": aliases} if aliases else {})}


def _network(name: str) -> Json:
    found = json.loads(_docker("network", "inspect", name))[0]
    subnets = [{"subnet": entry["Subnet"]} for entry in found["IPAM"]["Config"]]
    return {"name": name, "ipam": {"config": subnets}, "driver_opts": found["Options"]}


def _ports(host: Json) -> list[str]:
    return [
        f"{place['HostIp'] or '127.0.0.1'}:{place['HostPort']}:{port.partition('/')[0]}"
        for port, places in (host["PortBindings"] or {}).items()
        for place in places
    ]


def _data(item: Json) -> list[Json]:
    return [m for m in item["Mounts"] if m["Type"] == "volume" and m["Destination"] != "/run/secrets"]


def _sockets(item: Json) -> list[str]:
    return [f"{m['Source']}:{m['Destination']}" for m in item["Mounts"] if m["Type"] == "bind"]


def _docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True).stdout
