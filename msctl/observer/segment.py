"""A part of the log store: one SQLite file with lines, their full-text index, and how far they reach."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msctl.observer.search import SPAN_LEVEL, Question
from msctl.telemetry.loglines.levels import LEVELS, rank
from msctl.telemetry.loglines.recognise import recognise
from msctl.telemetry.loglines.record import is_span
from msctl.telemetry.loglines.transfer import STREAMS, Batch, Position, Source, Stored

_SCHEMA = """
CREATE TABLE IF NOT EXISTS source (
    number INTEGER PRIMARY KEY, id TEXT UNIQUE, container TEXT, service TEXT, instance INTEGER);
CREATE TABLE IF NOT EXISTS line (
    id INTEGER PRIMARY KEY, time INTEGER, source INTEGER, stream INTEGER, level INTEGER, text TEXT);
CREATE INDEX IF NOT EXISTS line_time ON line (time);
CREATE INDEX IF NOT EXISTS line_source ON line (source, time);
CREATE INDEX IF NOT EXISTS line_grave ON line (time) WHERE level >= 30;
CREATE TABLE IF NOT EXISTS reach (
    id TEXT, stream INTEGER, time INTEGER, number INTEGER, PRIMARY KEY (id, stream)) WITHOUT ROWID;
CREATE VIRTUAL TABLE IF NOT EXISTS word USING fts5(
    text, content='', columnsize=0, detail=none, tokenize="unicode61 remove_diacritics 0");
"""
_SETTINGS = """
PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 500;
PRAGMA journal_size_limit = 4194304; PRAGMA cache_size = -4096; PRAGMA temp_store = MEMORY;
"""
_COLUMNS = (
    "line.id, line.time, line.stream, line.text, source.id, source.container, source.service, source.instance"
)
_GRAVE = LEVELS["warning"]

Reach = dict[tuple[str, str], Position]
"""By container id and stream: how far it was read."""


@dataclass(slots=True)
class Segment:
    """One file; one thread writes, readers open connections of their own."""

    path: Path
    connection: sqlite3.Connection
    _sources: dict[str, int] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path) -> Segment:
        """Open or make the file for writing."""
        connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        connection.executescript(_SETTINGS + _SCHEMA)
        sources = dict(connection.execute("SELECT id, number FROM source").fetchall())
        return cls(path, connection, sources)

    @property
    def last_id(self) -> int:
        """The newest line's id; 0 when there is none."""
        (found,) = self.connection.execute("SELECT max(id) FROM line").fetchone()
        return int(found or 0)

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return size_of(self.path)

    def reach(self) -> Reach:
        """How far every container was read."""
        rows = self.connection.execute("SELECT id, stream, time, number FROM reach").fetchall()
        return {(i, STREAMS[stream]): Position(time, number) for i, stream, time, number in rows}

    def begin_with(self, reach: Mapping[tuple[str, str], Position]) -> None:
        """Take over how far an earlier segment reaches."""
        rows = [(i, STREAMS.index(stream), p.time, p.number) for (i, stream), p in reach.items()]
        self.connection.executemany("INSERT OR REPLACE INTO reach VALUES (?, ?, ?, ?)", rows)

    def add(self, batches: Sequence[Batch], first_id: int, reach: Reach) -> int:
        """Store lines and how far they reach, or nothing of it; returns how many."""
        rows = list(self._rows(batches, first_id))
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            self.connection.executemany("INSERT INTO line VALUES (?, ?, ?, ?, ?, ?)", rows)
            self.connection.executemany(
                "INSERT INTO word (rowid, text) VALUES (?, ?)", [(row[0], row[5]) for row in rows]
            )
            self.begin_with(reach)
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            self._sources = dict(self.connection.execute("SELECT id, number FROM source").fetchall())
            raise
        return len(rows)

    def close(self) -> None:
        """Bring the write-ahead log home and close."""
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.connection.close()

    def _rows(self, batches: Sequence[Batch], first_id: int) -> Iterator[tuple[object, ...]]:
        number = first_id
        for batch in batches:
            source = self._source(batch.source)
            for line in batch.lines:
                said = recognise(line.text)
                level = SPAN_LEVEL if is_span(said) else rank(said.level)
                yield number, line.time, source, STREAMS.index(line.stream), level, line.text
                number += 1

    def _source(self, source: Source) -> int:
        if source.id not in self._sources:
            cursor = self.connection.execute(
                "INSERT INTO source (id, container, service, instance) VALUES (?, ?, ?, ?)",
                (source.id, source.container, source.service, source.instance),
            )
            self._sources[source.id] = int(cursor.lastrowid or 0)
        return self._sources[source.id]


def size_of(path: Path) -> int:
    """Bytes that a segment takes, its write-ahead log included."""
    files = (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm"))
    return sum(file.stat().st_size for file in files if file.exists())


def remove(path: Path) -> None:
    """Remove a segment's files."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def select(path: Path, question: Question, *, newest_first: bool, by_id: bool) -> Iterator[Stored]:
    """Lines of one segment that ``question`` asks for, in the order of time (or as they came).

    Lines that only resemble the words are among them; who asks looks at each.
    """
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, check_same_thread=False)
    try:
        statement, parameters = _statement(connection, question, newest_first=newest_first, by_id=by_id)
        if statement:
            for row in connection.execute(statement, parameters):
                yield _stored(row)
    finally:
        connection.close()


def _statement(
    connection: sqlite3.Connection, question: Question, *, newest_first: bool, by_id: bool
) -> tuple[str, list[object]]:
    conditions, parameters = question.conditions()
    direction = "DESC" if newest_first else "ASC"
    order = f"line.id {direction}" if by_id else f"line.time {direction}, line.id {direction}"
    if question.names or question.wanted.instance is not None:
        numbers = _source_numbers(connection, question)
        if not numbers:
            return "", []
        plus = "+" if by_id else ""  # ids come in their own order; no index of sources may bring another
        conditions.append(f"{plus}line.source IN ({','.join('?' * len(numbers))})")
        parameters += numbers
    tables = "line JOIN source ON source.number = line.source"
    expression = question.expression
    if expression is not None:
        conditions.append("line.id IN (SELECT rowid FROM word WHERE word MATCH ?)")
        parameters.append(expression)
        if by_id:
            tables = "word CROSS JOIN line ON line.id = word.rowid JOIN source ON source.number = line.source"
            conditions[-1] = "word MATCH ?"
            order = f"word.rowid {direction}"
    where = " AND ".join(conditions) or "1"
    return f"SELECT {_COLUMNS} FROM {tables} WHERE {where} ORDER BY {order}", parameters


def _source_numbers(connection: sqlite3.Connection, question: Question) -> list[object]:
    rows = connection.execute("SELECT number, container, service, instance FROM source").fetchall()
    names, instance = set(question.names), question.wanted.instance
    return [
        number
        for number, container, service, of in rows
        if (not names or names & {container, service, f"{service}-{of}"})
        and (instance is None or instance == of)
    ]


def _stored(row: Sequence[object]) -> Stored:
    number, time, stream, text, identity, container, service, instance = row
    source = Source(
        str(identity), str(container), str(service), None if instance is None else int(str(instance))
    )
    return Stored(int(str(number)), int(str(time)), source, STREAMS[int(str(stream))], str(text))
