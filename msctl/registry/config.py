"""Configuration of the Consul server, as a value.

One server that keeps its data. Raft and serf stay on the container's loopback: nothing outside can
reach them, and a container that comes back with another address is still the same cluster. Run
on Consul 1.8.7, not yet on a current one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

DATA_DIRECTORY = "/consul/data"
HTTP_PORT = 8500
DNS_PORT = 53
NODE_NAME = "registry"
DATACENTER = "dc1"
EMBEDDED_DNS = "127.0.0.11"
"""Docker's resolver inside the container itself, which knows the outside names."""

ANSWERS_PER_LOOKUP = 8
"""A records in one UDP answer: Consul's own bound without EDNS; more are asked for again by TCP."""


def server_configuration(
    *,
    management_token: str | None = None,
    old_words: bool = True,
    datacenter: str = DATACENTER,
    recursors: Sequence[str] = (EMBEDDED_DNS,),
    log_level: str = "warn",
) -> dict[str, Any]:
    """The server's configuration; the entrypoint reads it as JSON by ``-config-file``.

    With a ``management_token`` (a UUID) everything is denied that no token allows. ``old_words`` are those
    of Consul before 1.11.
    """
    return {
        **({} if management_token is None else {"acl": _acl(management_token, old_words)}),
        "server": True,
        "bootstrap_expect": 1,
        "datacenter": datacenter,
        "node_name": NODE_NAME,
        "data_dir": DATA_DIRECTORY,
        "bind_addr": "127.0.0.1",
        "advertise_addr": "127.0.0.1",
        "client_addr": "0.0.0.0",  # noqa: S104
        "ports": {"http": HTTP_PORT, "dns": DNS_PORT, "grpc": -1, "serf_wan": -1},
        "performance": {"raft_multiplier": 1},
        "connect": {"enabled": False},
        "recursors": list(recursors),
        "dns_config": _dns(),
        "leave_on_terminate": False,
        "skip_leave_on_interrupt": True,
        "disable_update_check": True,
        "disable_remote_exec": True,
        "enable_script_checks": False,
        "log_json": True,
        "log_level": log_level,
    }


def render(configuration: dict[str, Any]) -> str:
    """The configuration as the text of its file; equal configurations render equally."""
    return json.dumps(configuration, indent=2, sort_keys=True) + "\n"


def _acl(management_token: str, old_words: bool) -> dict[str, Any]:
    """The server acts for itself with the management token, which its configuration holds anyway."""
    management = "master" if old_words else "initial_management"
    return {
        "enabled": True,
        "default_policy": "deny",
        "enable_token_persistence": False,
        "tokens": {management: management_token, "agent": management_token},
    }


def _dns() -> dict[str, Any]:
    """Fresh answers of passing instances only; a negative answer is not remembered either."""
    return {
        "only_passing": True,
        "service_ttl": {"*": "0s"},
        "node_ttl": "0s",
        "soa": {"min_ttl": 0},
        "enable_truncate": True,
        "udp_answer_limit": ANSWERS_PER_LOOKUP,
        "recursor_timeout": "2s",
    }
