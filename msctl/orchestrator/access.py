"""Reaching the project's registry from the caller's machine, over whatever way the engine allows."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from threading import Lock

from msctl import labels
from msctl.engine.port import Engine
from msctl.engine.tunnel import reach
from msctl.plan.platform import ADMIN_PORT, CONSUL_PORT
from msctl.registry.client import Registry


class Access:
    """Opens each way at first use and keeps it until it is forgotten; thread-safe. ``close`` ends all.

    ``token`` gives Consul's management token, ``operator_secret`` what admin endpoints want to see.
    """

    def __init__(
        self,
        engine: Engine,
        project: str,
        token: Callable[[], str | None] | None = None,
        operator: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._engine = engine
        self.operator_secret = operator
        self._token = token or (lambda: "")
        self._project = project
        self._ways: dict[str, ExitStack] = {}
        self._registry: Registry | None = None
        self._admins: dict[str, str] = {}
        self._lock = Lock()

    @property
    def has_token(self) -> bool:
        """Whether Consul may be asked to change anything."""
        return self._token() is not None

    def registry(self) -> Registry:
        """The project's Consul, asked with the management token of this checkout, if it has one.

        Raises ``EngineError`` if its container does not run.
        """
        with self._lock:
            if self._registry is None:
                host, port = self._open("registry", CONSUL_PORT)
                self._registry = Registry(f"{host}:{port}", self._token() or None)
                self._ways["registry"].callback(self._registry.close)
            return self._registry

    def gateway_admin(self) -> str:
        """Base URL of the gateway's admin endpoints; raises ``EngineError`` if it does not run."""
        return self._admin("gateway")

    def auth_admin(self) -> str:
        """The same of auth."""
        return self._admin("auth")

    def forget_registry(self) -> None:
        """Open the way anew next time: a restarted container publishes another port."""
        with self._lock:
            self._registry = None
            self._shut("registry")

    def forget_gateway(self) -> None:
        """The same for the gateway."""
        self._forget_admin("gateway")

    def forget_auth(self) -> None:
        """The same for auth."""
        self._forget_admin("auth")

    def close(self) -> None:
        """Close everything that was opened."""
        self.forget_registry()
        self.forget_gateway()
        self.forget_auth()

    def _admin(self, role: str) -> str:
        with self._lock:
            if role not in self._admins:
                host, port = self._open(role, ADMIN_PORT)
                self._admins[role] = f"http://{host}:{port}"
            return self._admins[role]

    def _forget_admin(self, role: str) -> None:
        with self._lock:
            self._admins.pop(role, None)
            self._shut(role)

    def _open(self, role: str, port: int) -> tuple[str, int]:
        self._shut(role)
        stack = self._ways[role] = ExitStack()
        name = labels.container(self._project, role)
        return stack.enter_context(reach(self._engine, name, port, project=self._project))

    def _shut(self, role: str) -> None:
        if role in self._ways:
            self._ways.pop(role).close()
