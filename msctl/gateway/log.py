"""The access log: one JSON line for each sampled request, written in batches."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

from msctl.gateway.exchange import Exchange
from msctl.telemetry.logs import LineStream

LONGEST_TARGET = 1024
BATCH = 256
FAILED = 500


class AccessLog:
    """Logs a ``share`` of requests (none with 0), and every one that failed at our side."""

    def __init__(self, share: float, dice: Callable[[], float], stream: LineStream) -> None:
        self.share = share
        self._dice = dice
        self._stream = stream
        self._lines: list[str] = []

    def write(self, exchange: Exchange, seconds: float) -> None:
        """Log an answered exchange if it is in the sample."""
        if self.share <= 0.0 or (
            self.share < 1.0 and exchange.status < FAILED and self._dice() >= self.share
        ):
            return
        self._lines.append(_line(exchange, seconds))
        if len(self._lines) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Write what has been collected."""
        if self._lines:
            lines, self._lines = self._lines, []
            self._stream.write("\n".join(lines) + "\n")
            self._stream.flush()


def _line(exchange: Exchange, seconds: float) -> str:
    head = exchange.head
    return json.dumps(
        {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "level": "info",
            "logger": "msctl.gateway.access",
            "message": f"{head.method} {head.path[:LONGEST_TARGET]} {exchange.status}",
            "route": exchange.label,
            "upstream": exchange.service,
            "status": exchange.status,
            "duration_ms": round(seconds * 1000.0, 3),
            "bytes": exchange.sent,
            "client": exchange.client.peer,
            "request_id": exchange.request_id,
            "trace_id": exchange.trace.trace_id,
            "span_id": exchange.trace.span_id,
            "parent_id": exchange.trace.parent_id,
        }
    )
