"""What Consul says, through its API on the loopback port that its container publishes."""

from __future__ import annotations

import json
from typing import Any
from urllib.request import Request, urlopen

from tests.e2e.engine_state import docker

_TIMEOUT = 30.0


def consul(project: str, path: str) -> Any:
    """The answer of Consul's API to a GET of ``path``."""
    place = docker("port", f"{project}-registry", "8500/tcp").splitlines()[0]
    with urlopen(f"http://{place}{path}", timeout=_TIMEOUT) as answer:
        return json.load(answer)


def enter(project: str, identity: str, name: str, token: str) -> None:
    """Enter a service that is none of msctl's."""
    place = docker("port", f"{project}-registry", "8500/tcp").splitlines()[0]
    body = json.dumps({"ID": identity, "Name": name, "Address": "192.0.2.1", "Port": 80}).encode()
    url, headers = f"http://{place}/v1/agent/service/register", {"X-Consul-Token": token}
    with urlopen(Request(url, body, headers, method="PUT"), timeout=_TIMEOUT):
        return


def statuses(project: str) -> dict[str, str]:
    """State of each registered instance (passing, warning, critical) by its id."""
    checks = consul(project, "/v1/health/state/any")
    return {check["ServiceID"]: check["Status"] for check in checks if check["ServiceID"]}


def entries(project: str) -> dict[str, dict[str, Any]]:
    """Every service entry of the catalog, by id."""
    names = consul(project, "/v1/catalog/services")
    found = [entry for name in names for entry in consul(project, f"/v1/catalog/service/{name}")]
    return {entry["ServiceID"]: entry for entry in found if entry["ServiceName"] != "consul"}


def passing_addresses(project: str, service: str) -> set[str]:
    """Addresses of the instances of ``service`` that calls may go to."""
    found = consul(project, f"/v1/health/service/{service}?passing")
    return {item["Service"]["Address"] for item in found}


def indexes(project: str) -> dict[str, int]:
    """The index of the last write to each entry and each check."""
    entry_indexes = {f"entry {id_}": entry["ModifyIndex"] for id_, entry in entries(project).items()}
    checks = consul(project, "/v1/health/state/any")
    return entry_indexes | {f"check {check['CheckID']}": check["ModifyIndex"] for check in checks}
