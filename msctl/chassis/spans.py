"""How long pieces of work took, as log lines that ``msctl trace`` draws; only of traces that are sampled."""

from __future__ import annotations

import logging

from msctl.chassis import context

_log = logging.getLogger("msctl.span")
_SAMPLED = "01"


def done(what: str, seconds: float, status: int | None = None) -> None:
    """The work at hand took so long; ``status`` is what it was answered with."""
    trace = context.current_trace()
    if trace is None or trace.flags != _SAMPLED:
        return
    said = {"span_id": trace.span_id, "parent_id": trace.parent_id, "duration_ms": round(seconds * 1000.0, 3)}
    _log.info(what, extra=said if status is None else {**said, "status": status})
