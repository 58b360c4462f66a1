"""Lines for the store's tests."""

from __future__ import annotations

from datetime import UTC, datetime

from msctl.telemetry.loglines.transfer import Batch, Line, Position, Source, microseconds

BEGIN = microseconds(datetime(2026, 1, 2, tzinfo=UTC))
ORDERS = Source("id-orders", "shop-orders-1", "orders", 1)
WEB = Source("id-web", "shop-web-1", "web", 1)


def batch(source: Source, *texts: str, at: int = 0, step: int = 1000, stream: str = "stdout") -> Batch:
    """Lines ``step`` microseconds apart, the first ``at`` microseconds after the beginning."""
    times = [BEGIN + at + number * step for number in range(len(texts))]
    lines = [Line(time, stream, text, Position(time, 0)) for time, text in zip(times, texts, strict=True)]
    return Batch(source, lines)
