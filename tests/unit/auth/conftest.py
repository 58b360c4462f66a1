"""An authority over a store of its own, at a moment that tests move."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from msctl.auth.authority import Authority
from msctl.auth.members import digest
from msctl.auth.policy import Client, Directory
from msctl.auth.store import Store
from tests.unit.auth.corpus import ISSUER, NOW


def client(name: str, kind: str = "outside", **more: object) -> Client:
    """A client whose secret is ``secret-NAME``."""
    values: dict[str, object] = {"audiences": {}, "secret_digest": digest(f"secret-{name}"), **more}
    return Client(name, kind, **values)  # type: ignore[arg-type]


DIRECTORY = Directory(
    ISSUER,
    clients={
        c.name: c
        for c in (
            client("gateway", "gateway", exchanges={"orders": ("orders:read", "orders:write")}),
            client("operator", "operator", audiences={"gateway": ("orders:read",)}),
            client("orders", "service", audiences={"inventory": ("inventory:reserve",)}),
            client("web", audiences={"gateway": ("orders:read", "orders:write")}),
        )
    },
)


@dataclass
class World:
    """``now`` is the authority's clock, ``announced`` counts its announcements."""

    path: Path
    now: float = NOW
    announced: int = 0
    stores: list[Store] = field(default_factory=list)

    def authority(self, directory: Directory = DIRECTORY) -> Authority:
        """A process that starts with what the earlier ones left."""
        self.stores.append(Store(self.path))
        return Authority(directory, self.stores[-1], lambda: self.now, self._changed)

    def _changed(self) -> None:
        self.announced += 1


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "auth.sqlite")
    yield made
    for store in made.stores:
        store.close()


@pytest.fixture
def authority(world: World) -> Authority:
    return world.authority()
