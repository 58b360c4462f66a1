"""Who may do what in Consul: default deny, one token with the least rights for each party."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msctl.errors import RegistryError
from msctl.labels import TOKENS_KEY
from msctl.registry.session import Session

ANONYMOUS = "00000000-0000-0000-0000-000000000002"
"""Consul's own token of whoever shows none, which includes every DNS question."""

_MARK = "msctl "
_NAMES = uuid.UUID("0d3f6c7e-64b0-4a54-9d53-4f5d0b8f6f55")
_READ_CATALOG = {"node_prefix": {"": "read"}, "service_prefix": {"": "read"}}
_READ_CHANGES = {"key": {TOKENS_KEY: "read"}}

Rules = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody who talks to Consul; ``secret`` is the token, ``None`` for those without one."""

    name: str
    rules: Rules
    secret: str | None = field(default=None, repr=False)

    @property
    def policy(self) -> str:
        """The policy's name, which tells its content."""
        digest = hashlib.sha256(self.document.encode()).hexdigest()[:12]
        return f"msctl-{self.name}-{digest}"

    @property
    def document(self) -> str:
        """The rules as Consul reads them (JSON is HCL)."""
        found = {kind: {n: {"policy": p} for n, p in names.items()} for kind, names in self.rules.items()}
        return json.dumps(found, sort_keys=True)

    @property
    def accessor(self) -> str:
        """The token's public id, which follows from its secret and does not tell it."""
        return ANONYMOUS if self.secret is None else str(uuid.uuid5(_NAMES, self.secret))


def nobody() -> Party:
    """Without a token names can be looked up, as by DNS; nothing can be changed, no key can be read."""
    return Party("anonymous", _READ_CATALOG)


def service(name: str, secret: str) -> Party:
    """A service may register only itself."""
    return Party(name, {**_READ_CATALOG, **_READ_CHANGES, "service": {name: "write"}}, secret)


def gateway(secret: str) -> Party:
    """The gateway reads."""
    return Party("gateway", {**_READ_CATALOG, **_READ_CHANGES}, secret)


def metrics(secret: str) -> Party:
    """Prometheus finds its targets in the catalog."""
    return Party("metrics", _READ_CATALOG, secret)


def auth(secret: str) -> Party:
    """The token server announces its changes."""
    return Party("auth", {"key": {TOKENS_KEY: "write"}}, secret)


def agent(secret: str, names: Iterable[str]) -> Party:
    """The agent enters and removes what runs in this project, under these names only."""
    return Party("agent", {**_READ_CATALOG, "service": dict.fromkeys(names, "write")}, secret)


def render(parties: Iterable[Party]) -> str:
    """The parties as the text of a file, tokens included."""
    return json.dumps(
        [{"name": p.name, "rules": p.rules, "secret": p.secret} for p in parties], sort_keys=True
    )


def parse(text: str) -> tuple[Party, ...]:
    """The inverse of ``render``."""
    return tuple(Party(found["name"], found["rules"], found["secret"]) for found in json.loads(text))


class Doors:
    """Makes Consul's policies and tokens equal to the parties; asked with the management token."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def admit(self, parties: Sequence[Party]) -> int:
        """Give every party what it may do; returns how many things were written."""
        policies = {policy["Name"] for policy in self._list("policies")}
        tokens = {token["AccessorID"]: token for token in self._list("tokens")}
        new = [party for party in parties if party.policy not in policies]
        for party in new:
            self._put("policy", {"Name": party.policy, "Rules": party.document})
        changed = [party for party in parties if not _holds(tokens.get(party.accessor), party)]
        for party in changed:
            self._give(party, known=party.accessor in tokens)
        return len(new) + len(changed)

    def dismiss_others(self, parties: Sequence[Party]) -> None:
        """Take away what earlier parties had; to be done when their entries are gone."""
        keep_tokens, keep_policies = {p.accessor for p in parties}, {p.policy for p in parties}
        for token in self._list("tokens"):
            if token["Description"].startswith(_MARK) and token["AccessorID"] not in keep_tokens:
                self._delete("token", token["AccessorID"])
        for policy in self._list("policies"):
            if policy["Name"].startswith("msctl-") and policy["Name"] not in keep_policies:
                self._delete("policy", policy["ID"])

    def _give(self, party: Party, *, known: bool) -> None:
        body: dict[str, Any] = {
            "AccessorID": party.accessor,
            "Description": f"{_MARK}{party.name}",
            "Policies": [{"Name": party.policy}],
        }
        if party.secret is not None:
            body["SecretID"] = party.secret
        self._put(f"token/{party.accessor}" if known else "token", body)

    def _list(self, kind: str) -> Iterable[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = self._session.ask(
            f"list ACL {kind}",
            lambda consul: consul.http.get(_json(), f"/v1/acl/{kind}", headers=consul.prepare_headers()),
        )
        return found

    def _put(self, path: str, body: Mapping[str, Any]) -> None:
        self._session.ask(
            f"write ACL {path.partition('/')[0]}",
            lambda consul: consul.http.put(
                _json(), f"/v1/acl/{path}", headers=consul.prepare_headers(), data=json.dumps(body)
            ),
        )

    def _delete(self, kind: str, identifier: str) -> None:
        self._session.ask(
            f"remove ACL {kind}",
            lambda consul: consul.http.delete(
                _json(), f"/v1/acl/{kind}/{identifier}", headers=consul.prepare_headers()
            ),
        )


def admit_patiently(
    doors: Doors,
    parties: Sequence[Party],
    *,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """``admit``, as soon as a Consul that has just elected itself leader takes ACL requests."""
    until = clock() + seconds
    while True:
        try:
            return doors.admit(parties)
        except RegistryError:
            if clock() >= until:
                raise
            sleep(0.05)


def _holds(token: Mapping[str, Any] | None, party: Party) -> bool:
    policies = (token or {}).get("Policies") or ()
    return [policy["Name"] for policy in policies] == [party.policy]


def _json() -> Any:
    from consul.callback import CB  # noqa: PLC0415

    return CB.json()
