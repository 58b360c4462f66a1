"""What changed, when and why: a table of health changes that outlives the process."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

MOST_CHANGES = 20_000


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


class History:
    """Changes in ``path``, the newest ``MOST_CHANGES`` of them; thread-safe."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._lock = threading.Lock()
        self._connection.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
            "CREATE TABLE IF NOT EXISTS change (id INTEGER PRIMARY KEY, time TEXT, subject TEXT,"
            " before TEXT, state TEXT, cause TEXT);"
            "CREATE INDEX IF NOT EXISTS change_subject ON change (subject, id);"
        )

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
        return changes

    def changes(self, subject: str | None = None, count: int = 100) -> list[Change]:
        """The last changes, newest first."""
        where, values = ("WHERE subject = ?", [subject]) if subject else ("", [])
        with self._lock:
            rows = self._connection.execute(
                f"SELECT time, subject, before, state, cause FROM change {where} ORDER BY id DESC LIMIT ?",
                (*values, count),
            ).fetchall()
        return [Change(*row) for row in rows]

    def close(self) -> None:
        """Close it."""
        self._connection.close()
