"""Use cases ``exec`` and ``run``: which container a command goes to, and one made for a single command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from msctl import labels
from msctl.engine.port import Identity
from msctl.errors import NotRunning, UsageError
from msctl.manifest.similar import known
from msctl.model.desired import ContainerSpec
from msctl.model.observed import Observed, ObservedContainer
from msctl.model.project import Project
from msctl.orchestrator.up import Up
from msctl.plan.operating import named

Attached = Literal["terminal", "pipe"]


def running_instance(observed: Observed, name: str, instance: str | None) -> ObservedContainer:
    """The running container that ``name`` (a service, role or container) means; the first without a number.

    Raises ``UsageError`` for a name that means nothing, ``NotRunning`` for what does not run.
    """
    if not observed.containers:
        raise NotRunning(
            f"project '{observed.project}' has no containers", "start the project with 'msctl up'"
        )
    found = named(observed, [name])
    chosen = [c for c in found if instance in {None, str(c.instance), c.name}]
    if not chosen:
        raise UsageError(
            f"'{name}' has no instance '{instance}'", f"there are: {', '.join(c.name for c in found)}"
        )
    well = sorted((c for c in chosen if c.state == "running"), key=lambda c: c.instance or 0)
    if not well:
        raise NotRunning(
            f"{chosen[0].name} does not run: it is {chosen[0].state}", f"start it with 'msctl start {name}'"
        )
    return well[0]


def prepare(
    up: Up, project: Project, service: str, command: Sequence[str], attached: Attached, token: str
) -> ContainerSpec:
    """Make a container for one ``command``, not started: a service's image, environment, secrets, networks.

    It is entered nowhere and probed by nobody. ``token`` makes its name its own. Whoever called removes it.
    """
    usual = up.specification(_with_instance(project, service), service)
    spec = one_off(usual, project, command, attached, token)
    present = {network.name for network in up.engine.observe(project.name).networks}
    missing = [a.network for a in spec.attachments if a.network not in present]
    if missing:
        raise NotRunning(
            f"there is no network '{missing[0]}' yet", f"start what it needs with 'msctl up {service}'"
        )
    up.engine.create_container(Identity(project.name, up.workspace.origin), spec, "", {})
    return spec


def one_off(
    spec: ContainerSpec, project: Project, command: Sequence[str], attached: Attached, token: str
) -> ContainerSpec:
    """``spec`` as a container that runs ``command`` once; pure."""
    name = labels.container(project.name, f"{spec.service}-run-{token}")
    environment = {key: name if value == spec.name else value for key, value in spec.environment.items()}
    return replace(
        spec,
        name=name,
        role="task",
        instance=None,
        hostname=name,
        environment=environment,
        command=tuple(command),
        attached=attached,
        attachments=tuple(replace(a, aliases=(), host_index=None) for a in spec.attachments),
        probe=None,
        liveness=None,
        registration=None,
        self_registers=False,
    )


def _with_instance(project: Project, name: str) -> Project:
    """``project`` with at least one instance of the service, however far it was scaled down."""
    if name not in project.services:
        hint = known(name, project.services, f"there are: {', '.join(project.services)}")
        raise UsageError(f"there is no service '{name}'", hint)
    service = project.services[name]
    if service.external is not None:
        raise UsageError(f"'{name}' runs elsewhere, at {service.external}", "there is no image of it here")
    return replace(project, services={**project.services, name: replace(service, replicas=1)})
