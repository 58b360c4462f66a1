"""Adapter over py-consul: registration and health, in our values and errors.

py-consul is imported at first use, so that commands that never ask Consul do not pay for it.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from msctl.errors import RegistryError
from msctl.labels import REGISTRY_META
from msctl.registry.acl import Doors
from msctl.registry.entry import FoundEntry
from msctl.registry.reading import check_definition, drain_reason, drains_until, entry_of, result_of
from msctl.registry.session import Session, catalog_deregister

if TYPE_CHECKING:
    from msctl.registry.entry import Entry, InstanceHealth

POLL_INTERVAL = 0.02
REMOVAL_PATIENCE = 0.5


class Registry:
    """A Consul server at ``address`` (``host:port`` or a URL), asked with ``token``; thread-safe.

    Every method raises ``RegistryError`` and nothing else.
    """

    def __init__(
        self,
        address: str,
        token: str | None = None,
        *,
        timeout: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        nonce: Callable[[], str] = lambda: uuid.uuid4().hex[:12],
    ) -> None:
        parts = urlsplit(address if "//" in address else f"http://{address}")
        self._session = Session(parts.scheme, parts.hostname or "", parts.port or 8500, token, timeout)
        self._clock = clock
        self._sleep = sleep
        self._nonce = nonce

    def leader(self) -> str | None:
        """Address of the elected leader, ``None`` while there is none."""
        answer = self._session.ask("read the leader", lambda consul: consul.status.leader())
        return answer or None

    def register(self, entry: Entry) -> None:
        """Put ``entry`` into the catalog, replacing what bears its id.

        The check gets an id of its own: under the old id Consul would keep the old verdict, and an answer
        that the old check still waits for would become one of the new.
        """
        check_id = f"{entry.id}:{self._nonce()}"
        check = check_definition(entry.check, check_id) if entry.check else None
        accepted = self._session.ask(
            f"register '{entry.id}'",
            lambda consul: consul.agent.service.register(
                entry.name,
                service_id=entry.id,
                address=entry.address,
                port=entry.port,
                tags=list(entry.tags),
                meta=dict(entry.meta),
                check=check,
                replace_existing_checks=True,
            ),
        )
        if not accepted:
            raise RegistryError(f"Consul did not register '{entry.id}'", "'msctl logs registry' shows why")
        self._forget_other_checks(entry, check_id)

    def drain(self, entry_id: str, until: float) -> bool:
        """Take an entry out of rotation and leave it in the catalog, so that nobody enters it anew.

        The mark is Consul's maintenance mode; after ``until`` (epoch seconds) it means nothing any more, for
        whoever set it may have been killed. Registering anew ends it. Returns whether there is such an entry.
        """
        if not self._known_to_agent(entry_id):
            return False
        done = self._session.ask(
            f"drain '{entry_id}'",
            lambda consul: consul.agent.service.maintenance(entry_id, "true", drain_reason(until)),
        )
        return bool(done)

    def deregister(self, *entry_ids: str) -> None:
        """Remove every entry of these ids and see them gone; absent is fine.

        The agent goes first, as it would put back what only the catalog forgot; then the catalog for
        what remains, as a deregistration that ACLs block answers 200 and leaves a ghost.
        """
        known = self._known_to_agent(*entry_ids)  # with ACLs the agent calls an unknown entry an error
        for entry_id in known:
            self._remove_from_agent(entry_id)
        for node, entry_id in self._still_held(entry_ids, REMOVAL_PATIENCE if known else 0.0):
            self._remove_from_catalog(node, entry_id)
        remaining = self._still_held(entry_ids, REMOVAL_PATIENCE)
        if remaining:
            names = sorted({entry_id for _, entry_id in remaining})
            nodes = sorted({node for node, _ in remaining})
            raise RegistryError(
                f"still in Consul's catalog: {', '.join(names)} (node {', '.join(nodes)})",
                hint="run 'msctl up': it gives this checkout a token that may deregister them",
            )

    def entries(self, project: str) -> tuple[FoundEntry, ...]:
        """All entries with the owner mark of ``project``, of catalog and agent, with health."""
        marked = f'Meta["{REGISTRY_META}"] == "{project}"'
        local = self._session.ask("list services", lambda consul: consul.agent.services(marked)) or {}
        local_checks = self._session.ask("list checks", lambda consul: consul.agent.checks()) or {}
        found = [
            _found(service, checks, node, local_checks if service["ID"] in local else {})
            for node in self._nodes()
            for service, checks in self._services_on(node, marked)
        ]
        visible = {candidate.entry.id for candidate in found}
        for service in local.values():
            if service["ID"] not in visible:
                found.append(_found(service, list(local_checks.values()), None, {}))
        return tuple(sorted(found, key=lambda candidate: candidate.entry.id))

    def health(self, project: str) -> tuple[InstanceHealth, ...]:
        """Health of each instance of ``project`` that consumers can see."""
        return tuple(candidate.health for candidate in self.entries(project) if candidate.in_catalog)

    @property
    def doors(self) -> Doors:
        """Policies and tokens of this Consul."""
        return Doors(self._session)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _known_to_agent(self, *entry_ids: str) -> list[str]:
        asked = f"look for {', '.join(entry_ids)}"
        answer = self._session.ask(asked, lambda consul: consul.agent.services(_any_of(entry_ids)))
        return sorted(answer or ())

    def _forget_other_checks(self, entry: Entry, own: str) -> None:
        """Remove checks that only the catalog knows of an earlier life: with ACLs Consul cannot do it.

        What the agent knows is nobody's to remove: another caller may have entered the instance meanwhile.
        """
        others = [c for c in self._catalog_checks(entry) if c["CheckID"] != own]
        known = self._session.ask("list checks", lambda consul: consul.agent.checks()) if others else {}
        for found in others:
            if found["CheckID"] not in known:
                self._remove_check(entry, found["Node"], found["CheckID"])

    def _catalog_checks(self, entry: Entry) -> list[Mapping[str, Any]]:
        _, checks = self._session.ask(
            f"read the checks of '{entry.name}'", lambda consul: consul.health.checks(entry.name)
        )
        return [check for check in checks if check["ServiceID"] == entry.id]

    def _remove_check(self, entry: Entry, node: str, check_id: str) -> None:
        """Consul calls it an error when it has just removed the check itself."""
        try:
            self._session.ask(
                f"remove check '{check_id}' from the catalog",
                lambda consul: catalog_deregister(consul, node, check_id=check_id),
            )
        except RegistryError:
            if any(check["CheckID"] == check_id for check in self._catalog_checks(entry)):
                raise

    def _remove_from_agent(self, entry_id: str) -> None:
        """With ACLs the agent calls it an error when a service has just taken itself out."""
        try:
            self._session.ask(
                f"deregister '{entry_id}'", lambda consul: consul.agent.service.deregister(entry_id)
            )
        except RegistryError:
            if self._known_to_agent(entry_id):
                raise

    def _remove_from_catalog(self, node: str, entry_id: str) -> None:
        self._session.ask(
            f"remove '{entry_id}' from the catalog",
            lambda consul: catalog_deregister(consul, node, service_id=entry_id),
        )

    def _nodes(self) -> list[str]:
        _, nodes = self._session.ask("list nodes", lambda consul: consul.catalog.nodes())
        return [node["Node"] for node in nodes]

    def _services_on(
        self, node: str, expression: str
    ) -> list[tuple[Mapping[str, Any], list[Mapping[str, Any]]]]:
        _, answer = self._session.ask(
            f"read node '{node}'", lambda consul: consul.catalog.node(node, filter_expr=expression)
        )
        services = (answer or {}).get("Services") or {}
        if not services:
            return []
        _, checks = self._session.ask("read checks", lambda consul: consul.health.node(node))
        return [(service, checks) for service in services.values()]

    def _still_held(self, entry_ids: Sequence[str], patience: float) -> list[tuple[str, str]]:
        """Nodes with the ids that they hold, once there are none or ``patience`` seconds have passed."""
        deadline = self._clock() + patience
        while True:
            held = [(node, entry_id) for node in self._nodes() for entry_id in self._held(node, entry_ids)]
            if not held or self._clock() >= deadline:
                return held
            self._sleep(POLL_INTERVAL)

    def _held(self, node: str, entry_ids: Sequence[str]) -> list[str]:
        _, answer = self._session.ask(
            f"read node '{node}'",
            lambda consul: consul.catalog.node(node, filter_expr=_any_of(entry_ids)),
        )
        return sorted((answer or {}).get("Services") or {})


def _any_of(entry_ids: Sequence[str]) -> str:
    """Consul's filter for services of these ids."""
    return " or ".join(f'ID == "{entry_id}"' for entry_id in entry_ids)


def _found(
    service: Mapping[str, Any],
    checks: Sequence[Mapping[str, Any]],
    node: str | None,
    local: Mapping[str, Mapping[str, Any]],
) -> FoundEntry:
    own = [check for check in checks if check.get("ServiceID") == service["ID"]]
    results = tuple(result_of(check, local.get(check["CheckID"])) for check in own)
    return FoundEntry(entry_of(service, own), node, results, drains_until(own))
