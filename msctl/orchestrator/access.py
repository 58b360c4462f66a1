"""Reaching the project's registry and broker from the caller's machine, whatever way the engine allows."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from threading import Lock

from msctl import labels
from msctl.broker.client import Broker
from msctl.broker.permissions import PLATFORM_USER
from msctl.engine.port import Engine
from msctl.engine.tunnel import reach
from msctl.errors import NotRunning
from msctl.model.secret import Secret
from msctl.plan.platform import ADMIN_PORT, AMQP_PORT, CONSUL_PORT
from msctl.plan.services import amqp_url
from msctl.registry.client import Registry


class Access:
    """Opens each way at first use and keeps it until it is forgotten; thread-safe. ``close`` ends all.

    ``password`` knows that of the broker's platform user.
    """

    def __init__(
        self, engine: Engine, project: str, password: Callable[[], Secret | None] = lambda: None
    ) -> None:
        self._engine = engine
        self._project = project
        self._password = password
        self._broker: Broker | None = None
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

    def broker(self) -> Broker:
        """The project's RabbitMQ as the platform's user, for one thread at a time; raises ``EngineError``."""
        with self._lock:
            if self._broker is None:
                password = self._password()
                if password is None:
                    raise NotRunning("the broker's password is not known here", "msctl up")
                host, port = self._open("broker", AMQP_PORT)
                self._broker = Broker(amqp_url(PLATFORM_USER, password, self._project, host, port))
                self._ways["broker"].callback(self._broker.close)
            return self._broker

    def forget_broker(self) -> None:
        """Connect anew next time."""
        with self._lock:
            self._broker = None
            self._shut("broker")

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
        self.forget_broker()

    def _open(self, role: str, port: int) -> tuple[str, int]:
        self._shut(role)
        stack = self._ways[role] = ExitStack()
        name = labels.container(self._project, role)
        return stack.enter_context(reach(self._engine, name, port, project=self._project))

    def _shut(self, role: str) -> None:
        if role in self._ways:
            self._ways.pop(role).close()
