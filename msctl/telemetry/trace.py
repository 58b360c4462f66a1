"""W3C trace context: reading, continuing and writing ``traceparent`` and ``tracestate``."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

MAX_MEMBERS = 32
MAX_STATE_LENGTH = 4096
_PARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?\Z")
_KEY = r"[a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13}"
_MEMBER = re.compile(rf"({_KEY})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{{0,255}}[\x21-\x2b\x2d-\x3c\x3e-\x7e]\Z")
_NO_TRACE = "0" * 32
_NO_PARENT = "0" * 16

RandomBits = Callable[[int], int]
"""``random.getrandbits`` or a stand-in of it."""


class TraceContext(NamedTuple):
    """Where a piece of work stands in its trace: ``span_id`` is its id, ``parent_id`` that of its cause."""

    trace_id: str
    span_id: str
    flags: str = "00"
    state: str | None = None
    parent_id: str | None = None

    @property
    def traceparent(self) -> str:
        """The header value for work that this piece starts."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


def begin(bits: RandomBits) -> TraceContext:
    """A new trace, marked as sampled so that whoever follows records it."""
    return TraceContext("%032x" % (bits(128) or 1), "%016x" % (bits(64) or 1), "01")


def proceed(parents: Sequence[str], states: Sequence[str], bits: RandomBits) -> TraceContext:
    """Continue the trace of a message with a new span; without a valid single traceparent begin a new one."""
    match = _PARENT.match(parents[0]) if len(parents) == 1 else None
    if match is None or not _is_valid(match):
        return begin(bits)
    flags = "01" if int(match[4], 16) & 1 else "00"
    return TraceContext(match[2], "%016x" % (bits(64) or 1), flags, read_state(states), match[3])


def read_state(values: Sequence[str]) -> str | None:
    """All ``tracestate`` members in order; None when there are none, too many, doubled or malformed ones."""
    if not values:
        return None
    members = [member.strip(" \t") for member in ",".join(values).split(",")]
    members = [member for member in members if member]
    matches = [_MEMBER.match(member) for member in members]
    keys = [match[1] for match in matches if match is not None]
    if not members or len(members) > MAX_MEMBERS or len(set(keys)) != len(members):
        return None
    state = ",".join(members)
    return state if len(state) <= MAX_STATE_LENGTH else None


def _is_valid(match: re.Match[str]) -> bool:
    version, trace_id, parent_id, _, rest = match.groups()
    if version == "ff" or trace_id == _NO_TRACE or parent_id == _NO_PARENT:
        return False
    return version != "00" or rest is None
