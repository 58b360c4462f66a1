"""What is asked for: one new service."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from msctl.errors import UsageError
from msctl.manifest import names, paths
from msctl.manifest.faults import Fault
from msctl.model.project import DatabaseEngine
from msctl.scaffold.module_names import is_taken

DATABASES: dict[DatabaseEngine, str] = {"postgres": "PostgreSQL", "mariadb": "MariaDB", "redis": "Redis"}


@dataclass(frozen=True, slots=True)
class Order:
    """One new service; ``route`` is the path that clients see, ``image`` a finished image to run.

    With ``tokens`` it has the scopes ``NAME:read`` and ``NAME:write``.
    """

    name: str
    template: str = "python"
    database: DatabaseEngine | None = None
    publishes: tuple[str, ...] = ()
    subscribes: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    route: str | None = None
    image: str | None = None
    port: int = 8000
    health: str | None = None
    tokens: bool = True

    @property
    def scopes(self) -> tuple[str, ...]:
        """What tokens for it can allow: reading and writing."""
        return (f"{self.name}:read", f"{self.name}:write") if self.tokens else ()

    @property
    def module(self) -> str:
        """The service's name as a word of Python that means nothing else there."""
        word = self.name.replace("-", "_")
        return f"service_{word}" if word[0].isdigit() or is_taken(word) else word


def check(order: Order) -> None:
    """Raise ``UsageError`` for the first word that the manifest would refuse anyway."""
    _each("NAME", names.service, [order.name])
    _each("--publishes", names.event, order.publishes)
    _each("--subscribes", names.pattern, order.subscribes)
    if order.route is not None:
        _each("--route", paths.template, [order.route])
    if order.health is not None:
        _each("--health", paths.health_path, [order.health])
    if order.name in order.calls:
        raise UsageError(f"--calls: '{order.name}' would call itself", "name other services")
    for option in ("publishes", "subscribes", "calls"):
        given = getattr(order, option)
        if len(set(given)) < len(given):
            raise UsageError(f"--{option} names something twice", "name each once")


def _each(option: str, parse: Callable[[object], object], values: Sequence[str]) -> None:
    for value in values:
        try:
            parse(value)
        except Fault as fault:
            raise UsageError(f"{option}: {fault.what}", fault.hint) from fault
