"""Giving each instance a fixed address: what it has now, else the lowest free one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from msctl import labels
from msctl.errors import MsctlError
from msctl.model.desired import ContainerSpec, Desired
from msctl.model.observed import Observed
from msctl.plan.addresses import ROLE_HOSTS, free_hosts, host_number, is_within


def allocate(desired: Desired, observed: Observed) -> tuple[ContainerSpec, ...]:
    """The containers of ``desired`` with a host number for each attachment to the project's network."""
    network = labels.project_network(desired.project)
    held = _held(observed, network)
    free = free_hosts((*held.values(), *ROLE_HOSTS.values()))
    return tuple(_placed(spec, network, held, free) for spec in desired.containers)


def _held(observed: Observed, network: str) -> dict[str, int]:
    """Host numbers in use by our containers, by container name."""
    subnet = next((n.subnet for n in observed.networks if n.name == network), None)
    if subnet is None:
        return {}
    addresses = {c.name: c.addresses.get(network) for c in observed.containers}
    return {
        name: host_number(subnet, found)
        for name, found in addresses.items()
        if found and is_within(subnet, found)
    }


def _placed(spec: ContainerSpec, network: str, held: dict[str, int], free: Iterable[int]) -> ContainerSpec:
    first = spec.attachments[0]
    if first.network != network or first.host_index is not None:
        return spec
    host = held.get(spec.name) or next(iter(free), None)
    if host is None:
        raise MsctlError(f"no address is left for {spec.name}", "a project has room for about 1000 instances")
    return replace(spec, attachments=(replace(first, host_index=host), *spec.attachments[1:]))
