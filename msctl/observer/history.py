"""What changed, when and why: changes of health, and what was told to have happened; outlives the process."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from msctl.model.chronicle import Entry, entry_of, in_order, stamp

MOST_CHANGES = 20_000
MOST_TOLD = 5_000
"""Of each kind: an instance that dies all the time leaves the deployments where they are."""


@dataclass(frozen=True, slots=True)
class Change:
    """``subject`` (a container's name) became ``state``, having been ``before``; ``cause`` says why."""

    time: str
    subject: str
    before: str
    state: str
    cause: str

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @property
    def entry(self) -> Entry:
        """As one of all that happened."""
        why = (
            f"was {self.before}: {self.cause}"
            if self.cause and self.state != "pass"
            else f"was {self.before}"
        )
        time = stamp(datetime.fromisoformat(self.time))
        return Entry(time, self.subject, self.state, why=why, kind="health")


class History:
    """Changes and told entries in ``path``, the newest of them; thread-safe.

    ``last`` grows with each of them.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._lock = threading.Lock()
        self._connection.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
            "CREATE TABLE IF NOT EXISTS change (id INTEGER PRIMARY KEY, time TEXT, subject TEXT,"
            " before TEXT, state TEXT, cause TEXT);"
            "CREATE INDEX IF NOT EXISTS change_subject ON change (subject, id);"
            "CREATE TABLE IF NOT EXISTS told (id INTEGER PRIMARY KEY, kind TEXT, time TEXT,"
            " entry TEXT UNIQUE);"
            "CREATE INDEX IF NOT EXISTS told_kind ON told (kind, time);"
        )
        self.last = self._count()

    def states(self) -> dict[str, str]:
        """The last state of every subject."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT subject, state FROM change WHERE id IN (SELECT max(id) FROM change GROUP BY subject)"
            ).fetchall()
        return dict(rows)

    def see(self, states: Mapping[str, tuple[str, str]], now: datetime) -> list[Change]:
        """Keep what differs from the last states; ``states`` has a cause beside each."""
        known = self.states()
        time = now.isoformat(timespec="milliseconds")
        changes = [
            Change(time, subject, known.get(subject, "absent"), state, cause[:500])
            for subject, (state, cause) in states.items()
            if known.get(subject, "absent") != state
        ]
        gone = [s for s, state in known.items() if s not in states and state != "absent"]
        changes += [Change(time, s, known[s], "absent", "no longer registered") for s in gone]
        with self._lock:
            self._connection.executemany(
                "INSERT INTO change (time, subject, before, state, cause) VALUES (?, ?, ?, ?, ?)",
                [(c.time, c.subject, c.before, c.state, c.cause) for c in changes],
            )
            if changes:
                self._connection.execute(
                    "DELETE FROM change WHERE id <= (SELECT max(id) FROM change) - ?", (MOST_CHANGES,)
                )
                self.last = self._count()
        return changes

    def hear(self, told: Sequence[Entry]) -> int:
        """Keep what was told, each entry once however often; returns how many are new."""
        rows = [(e.kind, stamp(e.moment), json.dumps(asdict(e), sort_keys=True)) for e in told]
        with self._lock:
            before = self._connection.total_changes
            self._connection.executemany(
                "INSERT OR IGNORE INTO told (kind, time, entry) VALUES (?, ?, ?)", rows
            )
            new = self._connection.total_changes - before
            for kind in {entry.kind for entry in told} if new else ():
                self._connection.execute(
                    "DELETE FROM told WHERE kind = ? AND time <= (SELECT time FROM told WHERE kind = ?"
                    " ORDER BY time DESC LIMIT 1 OFFSET ?)",
                    (kind, kind, MOST_TOLD),
                )
            self.last = self._count()
        return new

    def entries(self, kind: str | None = None, count: int = 200) -> tuple[Entry, ...]:
        """The newest of all that happened, or of one kind, oldest first."""
        where, values = ("WHERE kind = ?", [kind]) if kind else ("", [])
        with self._lock:
            rows = self._connection.execute(
                f"SELECT entry FROM told {where} ORDER BY time DESC LIMIT ?", (*values, count)
            ).fetchall()
        told = [entry for entry in (entry_of(json.loads(text)) for (text,) in rows) if entry is not None]
        changes = self.changes(count=count) if kind in {None, "health"} else []
        return in_order(told, (change.entry for change in changes))[-count:]

    def changes(self, subject: str | None = None, count: int = 100) -> list[Change]:
        """The last changes, newest first."""
        where, values = ("WHERE subject = ?", [subject]) if subject else ("", [])
        with self._lock:
            rows = self._connection.execute(
                f"SELECT time, subject, before, state, cause FROM change {where} ORDER BY id DESC LIMIT ?",
                (*values, count),
            ).fetchall()
        return [Change(*row) for row in rows]

    def _count(self) -> int:
        """Entries ever kept: numbers of rows are not used again while later rows are there."""
        row = self._connection.execute(
            "SELECT coalesce((SELECT max(id) FROM change), 0) + coalesce((SELECT max(id) FROM told), 0)"
        ).fetchone()
        return int(row[0])

    def close(self) -> None:
        """Close it."""
        self._connection.close()
