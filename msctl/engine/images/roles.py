"""The roles that images serve: official image, recipe, user and data folder of each, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import msctl

ImageKind = Literal["official", "recipe"]


@dataclass(frozen=True, slots=True)
class Role:
    """What a role's image is called, which versions exist and how its container is run.

    ``official`` is a repository without its tag, ``None`` where only the recipe exists. ``user`` is
    ``uid:gid`` and the same in both kinds of image.
    """

    name: str
    official: str | None
    official_version: str
    recipe_version: str
    user: str
    data: str | None

    @property
    def recipe_reference(self) -> str:
        """Tag of the image that our recipe makes."""
        return f"msctl/{self.name}:{self.recipe_version}"

    def official_reference(self, version: str | None = None) -> str | None:
        """Reference of the official image, of its usual version unless ``version`` says otherwise."""
        return f"{self.official}:{version or self.official_version}" if self.official else None


@dataclass(frozen=True, slots=True)
class Wanted:
    """An image that is asked for: a role, and what the manifest or an existing data volume pins of it."""

    role: str
    version: str | None = None
    image: str | None = None
    kind: ImageKind | None = None


@dataclass(frozen=True, slots=True)
class ImageChoice:
    """The image that serves a role on this engine."""

    role: str
    reference: str
    image_id: str
    kind: ImageKind
    version: str


_LONGEST_BUILD_FIRST = (
    Role("runtime", None, "", msctl.__version__, "10001:10001", None),
    Role("broker", "rabbitmq", "4", "3.10", "999:999", "/var/lib/rabbitmq"),
    Role("postgres", "postgres", "17", "15", "999:999", "/var/lib/postgresql/data"),
    Role("mariadb", "mariadb", "11.4", "10.11", "999:999", "/var/lib/mysql"),
    Role("metrics", "prom/prometheus", "v3.5.0", "2.42", "65534:65534", "/prometheus"),
    Role("registry", "hashicorp/consul", "1.22", "1.8", "100:1000", "/consul/data"),
    Role("redis", "redis", "7", "7.0", "999:999", "/data"),
    Role("node", "node", "22-slim", "18", "10001:10001", None),
)
ROLES: Mapping[str, Role] = MappingProxyType({role.name: role for role in _LONGEST_BUILD_FIRST})
"""Every role by name, in the order in which building them takes the least time."""
