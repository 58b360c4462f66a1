"""Consul entries for containers, built from their specification and the address they got."""

from __future__ import annotations

from dataclasses import replace

from msctl.labels import REGISTRY_META
from msctl.model.desired import ContainerSpec, Probe
from msctl.model.external import External
from msctl.registry.entry import Check, Entry

MINIMUM_INTERVAL = 1.0
"""Consul checks no more often than each second; faster probing is the prober's part."""


def entry_for(project: str, spec: ContainerSpec, address: str) -> Entry | None:
    """Entry of the container at ``address``, ``None`` when the platform does not register it."""
    registration = spec.registration
    if registration is None:
        return None
    return Entry(
        id=spec.name,
        name=registration.name,
        address=address,
        port=registration.port,
        meta=owner_meta(project, spec),
        tags=registration.tags,
        check=check_for(spec.probe, address, registration.port),
    )


def external_entry(project: str, external: External) -> Entry:
    """Entry of a service that runs elsewhere; Consul itself finds out whether it is well."""
    check = check_for(external.probe, external.host, external.port)
    return Entry(
        id=external.id,
        name=external.service,
        address=external.host,
        port=external.port,
        meta={REGISTRY_META: project, "msctl-role": "external", "msctl-service": external.service},
        check=None if check is None else replace(check, passing=False),
    )


def owner_meta(project: str, spec: ContainerSpec) -> dict[str, str]:
    """Meta with the owner mark and who the instance is."""
    meta = {REGISTRY_META: project, "msctl-role": spec.role}
    if spec.service is not None:
        meta["msctl-service"] = spec.service
    return meta


def check_for(probe: Probe | None, address: str, port: int) -> Check | None:
    """The probe as a check that Consul can make: HTTP stays HTTP, ``amqp`` and ``exec`` become TCP."""
    if probe is None:
        return None
    target_port = probe.port or port
    interval = max(probe.interval, MINIMUM_INTERVAL)
    host = f"[{address}]" if ":" in address else address
    if probe.kind == "http":
        return Check("http", f"http://{host}:{target_port}{probe.path}", interval, probe.timeout)
    return Check("tcp", f"{host}:{target_port}", interval, probe.timeout)
