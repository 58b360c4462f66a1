"""Keys at the top of the manifest."""

from __future__ import annotations

from typing import Literal

from msctl.manifest.document import fields as f
from msctl.manifest.document.gateway import GatewayKeys
from msctl.manifest.document.service import ServiceKeys


class AuthClientKeys(f.Keys):
    """An outside client of the token endpoint."""

    scopes: list[f.Scope] = f.key([], description="Scopes that it may ask for.")
    public_key: f.Text | None = f.key(
        None, description="PEM file of its public key, if it logs in by private_key_jwt."
    )


class AuthKeys(f.Keys):
    """Access tokens."""

    clients: dict[f.ClientName, AuthClientKeys] = f.key({}, description="Outside clients.")
    algorithm: Literal["Ed25519", "ES256", "RS256"] = f.key("Ed25519", description="How tokens are signed.")
    max_ttl: f.Span = f.key("12h", description="Longest lifetime of a token.")


class LogsKeys(f.Keys):
    """How many logs are kept, and where they are sent besides the observer."""

    keep: f.Size = f.key("512MiB", description="Room for the log lines that are kept.")
    otlp: f.Endpoint | None = f.key(None, description="An OTLP/HTTP collector's URL.")
    loki: f.Endpoint | None = f.key(None, description="A Loki server's URL.")


class PlatformKeys(f.Keys):
    """The platform itself."""

    images: Literal["auto", "pull", "build"] = f.key(
        "auto", description="Where its images come from: what is there, a pull, or a build."
    )
    metrics: f.Switch = f.key("on", description="Whether Prometheus runs.")
    logs: LogsKeys = f.section(LogsKeys, description="How many are kept, and where they are sent besides.")


class ManifestKeys(f.Keys):
    """A system of microservices, run by msctl."""

    project: f.ProjectName = f.key(description="The project's name, first part of every container's name.")
    gateway: GatewayKeys = f.section(GatewayKeys, description="The front door.")
    services: dict[f.ServiceName, ServiceKeys] = f.key(description="The services by name.")
    auth: AuthKeys = f.section(AuthKeys, description="Access tokens.")
    platform: PlatformKeys = f.section(PlatformKeys, description="The platform itself.")
