"""Reaching the project's registry from the caller's machine, over whatever way the engine allows."""

from __future__ import annotations

from contextlib import ExitStack
from threading import Lock

from msctl import labels
from msctl.engine.port import Engine
from msctl.engine.tunnel import reach
from msctl.plan.platform import ADMIN_PORT, CONSUL_PORT
from msctl.registry.client import Registry


class Access:
    """Opens each way at first use and keeps it until it is forgotten; thread-safe. ``close`` ends all."""

    def __init__(self, engine: Engine, project: str) -> None:
        self._engine = engine
        self._project = project
        self._ways: dict[str, ExitStack] = {}
        self._registry: Registry | None = None
        self._admin: str | None = None
        self._lock = Lock()

    def registry(self) -> Registry:
        """The project's Consul; raises ``EngineError`` if its container does not run."""
        with self._lock:
            if self._registry is None:
                host, port = self._open("registry", CONSUL_PORT)
                self._registry = Registry(f"{host}:{port}")
                self._ways["registry"].callback(self._registry.close)
            return self._registry

    def gateway_admin(self) -> str:
        """Base URL of the gateway's admin endpoints; raises ``EngineError`` if it does not run."""
        with self._lock:
            if self._admin is None:
                host, port = self._open("gateway", ADMIN_PORT)
                self._admin = f"http://{host}:{port}"
            return self._admin

    def forget_registry(self) -> None:
        """Open the way anew next time: a restarted container publishes another port."""
        with self._lock:
            self._registry = None
            self._shut("registry")

    def forget_gateway(self) -> None:
        """The same for the gateway."""
        with self._lock:
            self._admin = None
            self._shut("gateway")

    def close(self) -> None:
        """Close everything that was opened."""
        self.forget_registry()
        self.forget_gateway()

    def _open(self, role: str, port: int) -> tuple[str, int]:
        self._shut(role)
        stack = self._ways[role] = ExitStack()
        name = labels.container(self._project, role)
        return stack.enter_context(reach(self._engine, name, port, project=self._project))

    def _shut(self, role: str) -> None:
        if role in self._ways:
            self._ways.pop(role).close()
