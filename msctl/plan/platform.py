"""Containers of the platform: registry, broker, gateway, auth, observer, metrics and agent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msctl import labels
from msctl.model.desired import (
    Attachment,
    ContainerSpec,
    Mount,
    PortBinding,
    Probe,
    Registration,
)
from msctl.plan.addresses import ROLE_HOSTS
from msctl.plan.graces import usual_grace
from msctl.plan.ports import ADMIN_PORT, AMQP_PORT, AUTH_PORT, CONSUL_PORT, GATEWAY_PORT, METRICS_PORT

if TYPE_CHECKING:
    from msctl.model.desired import (
        ImageFact,
        SecretFile,
    )
    from msctl.model.project import Project

STATE = "/var/lib/msctl"
"""Where a platform process keeps what outlives its container; the runtime image has this folder."""

METRICS_KEPT = "15d"
METRICS_ROOM = "512MB"
"""Prometheus removes the oldest when either is used up."""

TOKEN_URL = f"http://auth:{AUTH_PORT}/oauth/token"
JWKS_URL = f"http://auth:{AUTH_PORT}/.well-known/jwks.json"
REVOKED_URL = f"http://auth:{AUTH_PORT}/oauth/revoked"
RESOLVER = f"@{ROLE_HOSTS['registry']}"
"""Every container of the project resolves names through Consul's fixed address."""

_TMP = {"/tmp": "mode=1777"}  # noqa: S108


def registry(project: str, image: ImageFact, files: tuple[SecretFile, ...]) -> ContainerSpec:
    """Consul: catalog, health checks and DNS for everybody."""
    return ContainerSpec(
        name=labels.container(project, "registry"),
        role="registry",
        image=image.reference,
        image_identity=image.identity,
        command=("agent", "-config-file=/run/secrets/registry.json"),
        user="100:1000",
        secrets=files,
        attachments=(_attachment(project, "registry"),),
        mounts=(Mount(labels.data_volume(project, "registry"), "/consul/data"),),
        ports=(PortBinding(CONSUL_PORT),),
        tmpfs=_TMP,
        hostname="registry",
        read_only=True,
        cpu_shares=2048,
        probe=Probe("http", CONSUL_PORT, "/v1/catalog/services"),
    )


def broker(project: str, image: ImageFact, files: tuple[SecretFile, ...]) -> ContainerSpec:
    """RabbitMQ; its boot is the longest of all, so it gets CPU before the others."""
    return ContainerSpec(
        name=labels.container(project, "broker"),
        role="broker",
        image=image.reference,
        image_identity=image.identity,
        user="999:999",
        secrets=files,
        attachments=(_attachment(project, "broker"),),
        mounts=(Mount(labels.data_volume(project, "broker"), "/var/lib/rabbitmq"),),
        ports=(PortBinding(AMQP_PORT),),
        tmpfs=_TMP,
        hostname="broker",
        read_only=True,
        cpu_shares=4096,
        stop_grace=usual_grace("broker"),
        probe=Probe("amqp", AMQP_PORT, interval=5.0, timeout=2.0),
        registration=Registration("broker", AMQP_PORT),
    )


def gateway(project: Project, image: ImageFact, files: tuple[SecretFile, ...]) -> ContainerSpec:
    """The front door; it also lends its network position to probes and tunnels of the command line.

    Everybody's calls and everybody's readiness go through it, so it gets CPU before the services.
    """
    declared = project.gateway
    return ContainerSpec(
        name=labels.container(project.name, "gateway"),
        role="gateway",
        image=image.reference,
        image_identity=image.identity,
        command=("python", "-m", "msctl.gateway", "--config", "/run/secrets/gateway.yaml"),
        user="10001:10001",
        secrets=files,
        attachments=(_attachment(project.name, "gateway"),),
        ports=(
            PortBinding(GATEWAY_PORT, declared.bind, declared.port),
            PortBinding(ADMIN_PORT),
        ),
        tmpfs=_TMP,
        dns=(RESOLVER,),
        read_only=True,
        cpu_shares=4096,
        reload="SIGHUP",
        probe=Probe("http" if declared.tls is None else "tcp", GATEWAY_PORT, "/healthz"),
        registration=Registration("gateway", GATEWAY_PORT),
    )


def auth(project: str, image: ImageFact, files: tuple[SecretFile, ...]) -> ContainerSpec:
    """The token server; its keys never leave its volume.

    No other container waits for it, and CPU is what a start is short of, so it gets what the others leave.
    """
    return ContainerSpec(
        name=labels.container(project, "auth"),
        role="auth",
        image=image.reference,
        image_identity=image.identity,
        command=(
            *("python", "-m", "msctl.auth", "--config", "/run/secrets/auth.json"),
            *("--state", f"{STATE}/auth.sqlite"),
            *("--consul", f"http://registry:{CONSUL_PORT}"),
            *("--consul-token-file", "/run/secrets/consul_token"),
        ),
        user="10001:10001",
        secrets=files,
        attachments=(_attachment(project, "auth"),),
        mounts=(Mount(labels.data_volume(project, "auth"), STATE),),
        ports=(PortBinding(ADMIN_PORT),),
        tmpfs=_TMP,
        dns=(RESOLVER,),
        read_only=True,
        cpu_shares=512,
        reload="SIGHUP",
        probe=Probe("http", AUTH_PORT, "/healthz"),
        registration=Registration("auth", AUTH_PORT),
    )


def observer(project: str, image: ImageFact, files: tuple[SecretFile, ...], room: int) -> ContainerSpec:
    """The log store and the page, on this machine's loopback only; ``room`` is bytes for log lines.

    No other container waits for it, and CPU is what a start is short of; it gets what the others leave.
    """
    return ContainerSpec(
        name=labels.container(project, "observer"),
        role="observer",
        image=image.reference,
        image_identity=image.identity,
        command=(
            *("python", "-m", "msctl.observer", "--state", STATE, "--room", str(room)),
            *("--token-file", "/run/secrets/observer_token"),
        ),
        user="10001:10001",
        secrets=files,
        attachments=(_attachment(project, "observer"),),
        mounts=(Mount(labels.data_volume(project, "observer"), STATE),),
        ports=(PortBinding(ADMIN_PORT),),
        tmpfs=_TMP,
        dns=(RESOLVER,),
        read_only=True,
        cpu_shares=256,
        probe=Probe("http", ADMIN_PORT, "/-/health", interval=5.0, timeout=5.0),
        registration=Registration("observer", ADMIN_PORT),
    )


def metrics(project: str, image: ImageFact, files: tuple[SecretFile, ...]) -> ContainerSpec:
    """Prometheus, on this machine's loopback only, with what it keeps bounded in time and size.

    Nobody waits for it (``plan.urgency``): it is started when its turn comes, and the agent enters it.
    """
    return ContainerSpec(
        name=labels.container(project, "metrics"),
        role="metrics",
        image=image.reference,
        image_identity=image.identity,
        command=(
            "--config.file=/run/secrets/prometheus.yml",
            "--storage.tsdb.path=/prometheus",
            f"--storage.tsdb.retention.time={METRICS_KEPT}",
            f"--storage.tsdb.retention.size={METRICS_ROOM}",
            "--log.level=warn",
            "--log.format=json",
        ),
        environment={"GOMAXPROCS": "1", "GOMEMLIMIT": "128MiB"},
        user="65534:65534",
        secrets=files,
        attachments=(_attachment(project, "metrics"),),
        mounts=(Mount(labels.data_volume(project, "metrics"), "/prometheus"),),
        ports=(PortBinding(METRICS_PORT),),
        tmpfs=_TMP,
        dns=(RESOLVER,),
        read_only=True,
        cpu_shares=64,
        reload="SIGHUP",
        probe=Probe("http", METRICS_PORT, "/-/ready", interval=10.0, timeout=5.0),
        registration=Registration("metrics", METRICS_PORT),
    )


def agent(
    project: str, image: ImageFact, files: tuple[SecretFile, ...], *, has_broker: bool = False
) -> ContainerSpec:
    """The registrar of this machine: the only one with the engine's socket, root to be let in, and no more.

    No other container waits for it, and CPU is what a start is short of.
    """
    return ContainerSpec(
        name=labels.container(project, "agent"),
        role="agent",
        image=image.reference,
        image_identity=image.identity,
        command=(
            *("python", "-m", "msctl.agent", "--project", project),
            *("--consul", f"http://registry:{CONSUL_PORT}"),
            *("--consul-token-file", "/run/secrets/consul_token"),
            *("--management-token-file", "/run/secrets/management_token"),
            *("--doors", "/run/secrets/doors.json"),
            *("--externals", "/run/secrets/externals.json"),
            *("--observer", f"http://observer:{ADMIN_PORT}"),
            *("--observer-token-file", "/run/secrets/observer_token"),
            *("--known-secrets", "/run/secrets/known_secrets"),
            *(("--queues", "/run/secrets/queues.json") if has_broker else ()),
        ),
        user="0:0",
        secrets=files,
        attachments=(_attachment(project, "agent"),),
        tmpfs=_TMP,
        read_only=True,
        cpu_shares=128,
        needs=(labels.container(project, "gateway"),),
        probe=Probe("http", ADMIN_PORT, "/-/health"),
        registration=Registration("agent", ADMIN_PORT),
        engine_socket=True,
    )


def _attachment(project: str, role: str) -> Attachment:
    return Attachment(labels.project_network(project), (role,), ROLE_HOSTS[role])
