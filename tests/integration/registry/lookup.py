"""A DNS question over UDP, by hand: no resolver of this machine takes part."""

from __future__ import annotations

import secrets
import socket
import struct
from dataclasses import dataclass

A_RECORD = 1
SRV_RECORD = 33
_INTERNET = 1
_POINTER = 0xC0


@dataclass(frozen=True, slots=True)
class Record:
    """One answer; ``data`` is an IPv4 address, or a port for SRV."""

    type: int
    ttl: int
    data: str


@dataclass(frozen=True, slots=True)
class Reply:
    """``code`` 0 is success, 3 no such name."""

    code: int
    truncated: bool
    answers: tuple[Record, ...]


def lookup(server: str, name: str, kind: int = A_RECORD, timeout: float = 5.0) -> Reply:
    """Ask ``server`` on port 53."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split("."))
    identity = secrets.randbits(16)
    question = struct.pack(">6H", identity, 0x0100, 1, 0, 0, 0) + labels + b"\0"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(timeout)
        udp.sendto(question + struct.pack(">2H", kind, _INTERNET), (server, 53))
        return _parse(udp.recv(4096))


def _parse(message: bytes) -> Reply:
    _, flags, questions, answers, _, _ = struct.unpack(">6H", message[:12])
    place = 12
    for _ in range(questions):
        place = _after_name(message, place) + 4
    records = []
    for _ in range(answers):
        place = _after_name(message, place)
        kind, _, ttl, length = struct.unpack(">HHIH", message[place : place + 10])
        data = message[place + 10 : place + 10 + length]
        place += 10 + length
        records.append(Record(kind, ttl, _shown(kind, data)))
    return Reply(flags & 0xF, bool(flags & 0x0200), tuple(records))


def _shown(kind: int, data: bytes) -> str:
    if kind == A_RECORD:
        return ".".join(map(str, data))
    return str(struct.unpack(">H", data[4:6])[0]) if kind == SRV_RECORD else data.hex()


def _after_name(message: bytes, place: int) -> int:
    while True:
        length = message[place]
        if length & _POINTER == _POINTER:
            return place + 2
        if length == 0:
            return place + 1
        place += 1 + length
