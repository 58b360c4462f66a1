"""What auth keeps on its volume: private keys and revocations, in one SQLite file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from msctl.auth.keyring import IssuerKey
from msctl.errors import MsctlError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (kid TEXT PRIMARY KEY, jwk TEXT, published_at REAL, signs_from REAL);
CREATE TABLE IF NOT EXISTS revoked (number INTEGER PRIMARY KEY AUTOINCREMENT, jti TEXT UNIQUE, until REAL);
CREATE TABLE IF NOT EXISTS assertions (id TEXT PRIMARY KEY, until REAL);
"""


class StateLost(MsctlError):
    """The file with auth's keys cannot be used."""

    code = "auth-state"


class Store:
    """Every change is on disk when its method returns."""

    def __init__(self, path: Path) -> None:
        try:
            self._database = sqlite3.connect(path, isolation_level=None)
            path.chmod(0o600)
            self._database.execute("PRAGMA synchronous = FULL")
            self._database.executescript(_SCHEMA)
        except (sqlite3.Error, OSError) as exc:
            raise StateLost(f"cannot use {path}: {exc}") from exc

    def keys(self) -> tuple[IssuerKey, ...]:
        """All keys, oldest first."""
        rows = self._all("SELECT jwk, published_at, signs_from FROM keys ORDER BY signs_from")
        return tuple(IssuerKey(json.loads(jwk), published, signs) for jwk, published, signs in rows)

    def add_key(self, key: IssuerKey) -> None:
        """Keep a new key."""
        row = (key.kid, json.dumps(dict(key.jwk)), key.published_at, key.signs_from)
        self._all("INSERT INTO keys VALUES (?, ?, ?, ?)", row)

    def drop_keys(self, keys: Iterable[IssuerKey]) -> None:
        """Forget keys for good."""
        for key in keys:
            self._all("DELETE FROM keys WHERE kid = ?", (key.kid,))

    def revoke(self, token_id: str, until: float) -> None:
        """Remember that a token is revoked, as long as it could be used."""
        self._all("INSERT OR IGNORE INTO revoked (jti, until) VALUES (?, ?)", (token_id, until))

    def revoked(self, now: float) -> dict[str, float]:
        """Token ids revoked and not yet expired."""
        self._all("DELETE FROM revoked WHERE until < ?", (now,))
        return dict(self._all("SELECT jti, until FROM revoked"))

    def use_assertion(self, assertion_id: str, until: float, now: float) -> bool:
        """Whether this assertion is used for the first time."""
        self._all("DELETE FROM assertions WHERE until < ?", (now,))
        try:
            self._database.execute("INSERT INTO assertions VALUES (?, ?)", (assertion_id, until))
        except sqlite3.IntegrityError:
            return False
        return True

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _all(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        try:
            return self._database.execute(statement, values).fetchall()
        except sqlite3.Error as exc:
            raise StateLost(f"auth's state cannot be read or written: {exc}") from exc
