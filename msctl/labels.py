"""Label keys and object names: the only state msctl keeps on an engine."""

from __future__ import annotations

PREFIX = "io.msctl."
PROJECT = PREFIX + "project"
ROLE = PREFIX + "role"
SERVICE = PREFIX + "service"
INSTANCE = PREFIX + "instance"
CONFIG_HASH = PREFIX + "config-hash"
ORIGIN = PREFIX + "origin"
IMAGE_KIND = PREFIX + "image-kind"
"""On images and data volumes: ``official`` or ``recipe``; data made by one kind is not fed to the other."""

EVENT_SCHEMAS = PREFIX + "event-schemas"
"""On containers of services: the JSON Schemas of their events, so that a later change can be compared."""

WAITS = PREFIX + "waits"
"""On images: ``database`` when what they run waits for its database by itself, as the chassis does."""

RECIPE = PREFIX + "recipe"
"""On images built from a recipe: the hash of everything the recipe is made of."""

CONFIG = PREFIX + "config"
"""On containers: what they were made from, field by field, so that ``plan`` can say what changed."""

UPKEEP = PREFIX + "upkeep"
"""On containers: what the agent must know of them (``model.upkeep``)."""

CARRIER = "carrier"
"""Role of the container through which secrets volumes are filled; what a killed command left goes first."""

_SECRETS = "-secrets"

REGISTRY_META = "msctl-project"
"""Owner mark in the meta of every Consul entry that msctl made."""

TOKENS_KEY = "msctl/auth/changed"
"""Key in Consul's store whose value changes whenever signing keys or revoked tokens do."""


def project_network(project: str) -> str:
    """Name of the network that all containers of ``project`` share."""
    return project


def container(project: str, name: str, instance: int | None = None) -> str:
    """Container name: ``shop-orders-1`` for an instance, ``shop-registry`` for a role."""
    return f"{project}-{name}" if instance is None else f"{project}-{name}-{instance}"


def external(project: str, service: str) -> str:
    """Id of the entry of a service that runs elsewhere; no container bears it."""
    return f"{project}-{service}-external"


def database(project: str, service: str) -> str:
    """Name of a service's database container, and of the private network it is reached through."""
    return f"{project}-{service}-db"


def data_volume(project: str, name: str) -> str:
    """Volume that outlives its container, of a service's database or of a platform role."""
    return f"{project}-{name}-data"


def carrier(project: str) -> str:
    """The container through which secrets volumes are filled; it never runs."""
    return container(project, CARRIER)


def secrets_volume(container_name: str) -> str:
    """Volume that carries one container's secrets; it goes with the container."""
    return f"{container_name}{_SECRETS}"


def retry_tier(seconds: float) -> str:
    """Name of a wait between two tries: ``10s``, below a second ``500ms``; last part of its queue's name."""
    return f"{seconds:g}s" if seconds >= 1 else f"{seconds * 1000:g}ms"


def holds_data(volume: str) -> bool:
    """Whether a volume of ours outlives its container."""
    return not volume.endswith(_SECRETS)
