"""A subnet that no network of the engine has."""

from __future__ import annotations

from ipaddress import IPv4Network, ip_network

from msctl.engine.docker import DockerEngine


def free_subnet(engine: DockerEngine) -> IPv4Network:
    """One of 256 that msctl itself never chooses."""
    used = [ip_network(subnet) for subnet in engine.observe("none").subnets]
    free = (IPv4Network(f"10.213.{n}.0/24") for n in range(256))
    return next(subnet for subnet in free if not any(subnet.overlaps(other) for other in used))
