"""Redis' dump, a line for each key, and the commands that bring it back all at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msctl.errors import UsageError

_WRITERS = {"list": b"RPUSH", "set": b"SADD", "hash": b"HSET"}
_CHUNK = 1000


def restoring(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The protocol's bytes that replace everything by what a dump holds, in one MULTI block."""
    yield _command([b"MULTI"])
    yield _command([b"FLUSHDB"])
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield from _key(line.decode("ascii").split(" "))
            except (ValueError, IndexError, KeyError) as error:
                raise UsageError(
                    f"line {number} of the dump is not one of a key", "name another backup"
                ) from error
    yield _command([b"EXEC"])


def _key(fields: Sequence[str]) -> Iterator[bytes]:
    kind, key, until = fields[0], bytes.fromhex(fields[1].strip()), int(fields[2])
    values = [bytes.fromhex(field) for field in fields[3:]]
    if kind == "string":
        yield _command([b"SET", key, values[0]])
    elif kind == "zset":
        pairs = list(zip(values[1::2], values[::2], strict=True))
        yield from _in_pieces([b"ZADD", key], [part for pair in pairs for part in pair])
    elif kind in _WRITERS:
        yield from _in_pieces([_WRITERS[kind], key], values)
    else:
        yield _command([b"RESTORE", key, b"0", values[0]])
    if until >= 0:
        yield _command([b"PEXPIREAT", key, b"%d" % until])


def _in_pieces(head: list[bytes], values: Sequence[bytes]) -> Iterator[bytes]:
    for start in range(0, len(values), _CHUNK):
        yield _command([*head, *values[start : start + _CHUNK]])


def _command(parts: Sequence[bytes]) -> bytes:
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
