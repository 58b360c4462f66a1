"""Reaching the project's registry and broker from the caller's machine, whatever way the engine allows."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from threading import Lock
from typing import TYPE_CHECKING

from msctl import labels
from msctl.broker.permissions import PLATFORM_USER
from msctl.engine.tunnel import reach
from msctl.errors import NotRunning
from msctl.plan.addresses import amqp_url
from msctl.plan.ports import ADMIN_PORT, AMQP_PORT, CONSUL_PORT, METRICS_PORT
from msctl.registry.client import Registry

if TYPE_CHECKING:
    from msctl.broker.client import Broker
    from msctl.engine.port import Engine
    from msctl.model.secret import Secret


class Access:
    """Opens each way at first use and keeps it until it is forgotten; thread-safe. ``close`` ends all.

    ``password`` knows that of the broker's platform user, ``token`` Consul's management token, ``operator``
    what admin endpoints want to see.
    """

    def __init__(
        self,
        engine: Engine,
        project: str,
        password: Callable[[], Secret | None] = lambda: None,
        *,
        token: Callable[[], str | None] = lambda: "",
        operator: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._engine = engine
        self._operator = operator
        self._token = token
        self._project = project
        self._password = password
        self._broker: Broker | None = None
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

    def operator_secret(self) -> str | None:
        """What admin endpoints want to see before they change anything."""
        return self._operator()

    def auth_admin(self) -> str:
        """The same of auth."""
        return self._admin("auth")

    def observer(self) -> str:
        """The same of the observer."""
        return self._admin("observer")

    def metrics(self) -> str:
        """Prometheus's page."""
        return self._admin("metrics", METRICS_PORT)

    def broker(self) -> Broker:
        """The project's RabbitMQ as the platform's user, for one thread at a time; raises ``EngineError``."""
        from msctl.broker.client import Broker  # noqa: PLC0415

        with self._lock:
            if self._broker is None:
                password = self._password()
                if password is None:
                    raise NotRunning(
                        "the broker's password is not known here", "start the project with 'msctl up'"
                    )
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

    def forget_observer(self) -> None:
        """The same for the observer."""
        self._forget_admin("observer")

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
        self.forget_broker()
        self.forget_observer()
        self._forget_admin("metrics")

    def _admin(self, role: str, admin_port: int = ADMIN_PORT) -> str:
        with self._lock:
            if role not in self._admins:
                host, port = self._open(role, admin_port)
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
