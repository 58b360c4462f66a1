"""The authority behind the server's doors: its directory, keys, tokens and revocations."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from msctl.auth import keyring
from msctl.auth.identity import Identity
from msctl.auth.issuing import Issuer, exchanged_claims, own_claims
from msctl.auth.jose import generate, read_key_set
from msctl.auth.keyring import IssuerKey
from msctl.auth.policy import USUAL_TTL, Client, Directory, GrantRefused, exchanged, grant
from msctl.auth.refusal import TokenRefused
from msctl.auth.store import Store
from msctl.auth.trust import Trust
from msctl.auth.verifier import Expected

_log = logging.getLogger("msctl.auth.audit")
MOST_KEYS = 1000
"""Published at a time: more would make the key set a burden for everybody who fetches it."""


class Authority:
    """Decides by the pure policy, remembers in the store; ``clock`` gives seconds since 1970.

    ``issued`` tokens and ``revocations`` are counted since the process began.
    """

    def __init__(
        self,
        directory: Directory,
        store: Store,
        clock: Callable[[], float],
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.directory = directory
        self.clock = clock
        self.changed = changed
        self.issued = 0
        self.revocations = 0
        self._store = store
        self._keys = store.keys()
        self._issuer = Issuer(lambda: self._keys, clock)
        self._trust = Trust(Expected(directory.issuer, None))
        self.use_directory(directory)

    @property
    def keys(self) -> tuple[IssuerKey, ...]:
        """Every published key, oldest first."""
        return self._keys

    def use_directory(self, directory: Directory) -> None:
        """Take over a new manifest; tokens of an older issuer's name are not accepted any more."""
        self.directory = directory
        self._trust = Trust(Expected(directory.issuer, None))
        self._trust.use_revoked(self.revoked())
        self._ensure_key()
        self._trust.use_keys(read_key_set(keyring.key_set(self._keys)))

    def client(self, name: str) -> Client | None:
        """The client of that name."""
        return self.directory.clients.get(name)

    def issue(
        self,
        client: Client,
        audience: str | None,
        scope: str | None,
        *,
        ttl: float | None = None,
        subject: str | None = None,
        how: str = "client_credentials",
    ) -> dict[str, Any]:
        """A token response for ``client`` in its own name; raises ``GrantRefused``."""
        longest = self.directory.max_ttl
        usual = min(USUAL_TTL, longest)
        granted = grant(client, longest, audience, scope, usual if ttl is None else ttl)
        claims = own_claims(self.directory.issuer, client.name, subject or client.name, granted, self.clock())
        return self._response(claims, how)

    def exchange(
        self, client: Client, subject_token: str, audience: str | None, scope: str | None
    ) -> dict[str, Any]:
        """A token response that speaks for the subject of a token meant for ``client``."""
        try:
            subject = self.identity(subject_token)
        except TokenRefused as exc:
            raise GrantRefused("invalid_grant", f"the subject token is refused: {exc.reason}") from exc
        granted = exchanged(client, subject.audience, subject.scopes, audience, scope)
        claims = exchanged_claims(self.directory.issuer, client.name, subject, granted, self.clock())
        answer = self._response(claims, "token-exchange")
        return answer | {"issued_token_type": "urn:ietf:params:oauth:token-type:access_token"}

    def identity(self, token: str) -> Identity:
        """What a token says, if it is ours, valid and not revoked; raises ``TokenRefused``."""
        return self._trust.check(token.encode("utf-8", "surrogatepass"), self.clock())

    def revoke(self, identity: Identity) -> None:
        """Nobody may accept this token any more."""
        self._store.revoke(identity.token_id, identity.expires_at)
        self.revocations += 1
        _log.info("token revoked", extra={"jti": identity.token_id, "sub": identity.subject})
        self._trust.use_revoked(self.revoked())
        self.changed()

    def revoked(self) -> dict[str, float]:
        """Ids of revoked tokens, each with the end of its life."""
        return self._store.revoked(self.clock())

    def rotate(self) -> IssuerKey:
        """Publish a new key, which signs once everybody can know it; drop those that nothing can bear."""
        now = self.clock()
        self._store.drop_keys(keyring.expired(self._keys, self.directory.max_ttl, now))
        self._keys = self._store.keys()
        if len(self._keys) >= MOST_KEYS:
            raise GrantRefused("temporarily_unavailable", f"there are {MOST_KEYS} keys already")
        made = keyring.next_key(generate(self.directory.algorithm), now)
        self._add(made)
        return made

    def first_use(self, assertion_id: str, until: float) -> bool:
        """Whether a client's assertion is not a copy of an earlier one."""
        return self._store.use_assertion(assertion_id, until, self.clock())

    def _ensure_key(self) -> None:
        """At the first start, and when the manifest asks for another algorithm."""
        if not self._keys:
            self._add(keyring.first_key(generate(self.directory.algorithm), self.clock()))
        elif self._keys[-1].algorithm != self.directory.algorithm:
            self._add(keyring.next_key(generate(self.directory.algorithm), self.clock()))

    def _add(self, key: IssuerKey) -> None:
        self._store.add_key(key)
        _log.info("key published", extra={"kid": key.kid, "signs_from": key.signs_from})
        self._keys = self._store.keys()
        self._trust.use_keys(read_key_set(keyring.key_set(self._keys)))
        self.changed()

    def _response(self, claims: dict[str, Any], how: str) -> dict[str, Any]:
        self.issued += 1
        return {
            "access_token": self._issuer.issue(claims, how),
            "token_type": "Bearer",
            "expires_in": claims["exp"] - claims["iat"],
            "scope": claims.get("scope", ""),
        }
