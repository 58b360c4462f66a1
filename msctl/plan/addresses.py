"""Addresses in the project's network: fixed ones, platform roles first and instances after them; URLs."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from urllib.parse import quote

from msctl.model.secret import Secret
from msctl.plan.ports import AMQP_PORT

ROLE_HOSTS: Mapping[str, int] = MappingProxyType(
    {"registry": 2, "broker": 3, "gateway": 4, "auth": 5, "observer": 6, "metrics": 7, "agent": 8}
)
"""Host numbers of the platform; 1 is the network's own gateway."""

FIRST_INSTANCE = 16
_POOL = ipaddress.ip_network("10.192.0.0/11")
PREFIX_LENGTH = 22


def candidate_subnets(taken: Iterable[str]) -> Iterator[str]:
    """Subnets of the project pool that overlap none of ``taken`` (CIDR strings), lowest first."""
    used = [ipaddress.ip_network(text, strict=False) for text in taken]
    for subnet in _POOL.subnets(new_prefix=PREFIX_LENGTH):
        if not any(subnet.overlaps(other) for other in used if other.version == subnet.version):
            yield str(subnet)


def address(subnet: str, host: int) -> str:
    """Address of host number ``host`` in ``subnet``."""
    return str(ipaddress.ip_network(subnet).network_address + host)


def host_number(subnet: str, text: str) -> int:
    """The inverse of ``address``."""
    return int(ipaddress.ip_address(text)) - int(ipaddress.ip_network(subnet).network_address)


def is_within(subnet: str, text: str) -> bool:
    """Whether an address lies in ``subnet``; one of an earlier network may not."""
    return ipaddress.ip_address(text) in ipaddress.ip_network(subnet)


def free_hosts(used: Iterable[int]) -> Iterator[int]:
    """Host numbers for instances that are not in ``used``, lowest first."""
    taken = set(used)
    last = 2 ** (32 - PREFIX_LENGTH) - 1
    return (host for host in range(FIRST_INSTANCE, last) if host not in taken)


def amqp_url(
    user: str, password: Secret, project: str, host: str = "broker", port: int = AMQP_PORT
) -> Secret:
    """Where and as whom ``user`` reaches the project's broker; a secret, as the password is in it."""
    login = f"{user}:{quote(password.reveal(), safe='')}"
    return Secret(f"amqp://{login}@{f'[{host}]' if ':' in host else host}:{port}/{project}")
