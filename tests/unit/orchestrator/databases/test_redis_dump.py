"""Redis' dumps: what a line stands for."""

from __future__ import annotations

import pytest

from msctl.errors import UsageError
from msctl.orchestrator.databases.redis_dump import restoring


def words(*lines: bytes) -> list[list[bytes]]:
    """The commands as lists of words."""
    data = b"".join(restoring(lines))
    found: list[list[bytes]] = []
    while data:
        head, _, data = data.partition(b"\r\n")
        parts = []
        for _ in range(int(head[1:])):
            size, _, data = data.partition(b"\r\n")
            parts.append(data[: int(size[1:])])
            data = data[int(size[1:]) + 2 :]
        found.append(parts)
    return found


def hexed(*texts: bytes) -> bytes:
    return b" ".join(text.hex().encode() for text in texts)


@pytest.mark.parametrize(
    ("kind", "values", "command"),
    [
        (b"string", [b"\x00\r\n v"], [b"SET", b"key", b"\x00\r\n v"]),
        (b"string", [b""], [b"SET", b"key", b""]),
        (b"list", [b"a", b"b"], [b"RPUSH", b"key", b"a", b"b"]),
        (b"set", [b"a"], [b"SADD", b"key", b"a"]),
        (b"hash", [b"f", b"v"], [b"HSET", b"key", b"f", b"v"]),
        (b"zset", [b"m", b"1.5"], [b"ZADD", b"key", b"1.5", b"m"]),
        (b"stream", [b"raw"], [b"RESTORE", b"key", b"0", b"raw"]),
    ],
)
def test_each_kind_is_written_back(kind: bytes, values: list[bytes], command: list[bytes]) -> None:
    line = b" ".join([kind, hexed(b"key"), b"-1", hexed(*values)]) + b"\n"
    assert words(line) == [[b"MULTI"], [b"FLUSHDB"], command, [b"EXEC"]]


def test_what_expires_does_so_at_the_same_moment() -> None:
    line = b" ".join([b"string", hexed(b"k"), b"1700000000000", hexed(b"v")])
    assert words(line)[3] == [b"PEXPIREAT", b"k", b"1700000000000"]


def test_long_values_go_in_pieces() -> None:
    line = b" ".join([b"list", hexed(b"k"), b"-1", hexed(*(b"%d" % n for n in range(2500)))])
    assert [len(command) - 2 for command in words(line)[2:-1]] == [1000, 1000, 500]


@pytest.mark.parametrize("line", [b"nonsense", b"string zz -1 00", b"zset 6b -1 6d", b"string 6b x 76"])
def test_a_damaged_dump_is_told_by_its_line(line: bytes) -> None:
    with pytest.raises(UsageError, match="line 2"):
        words(b"", line)
