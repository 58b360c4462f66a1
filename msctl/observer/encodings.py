"""Stored lines as other systems take them: OTLP/HTTP in JSON for logs and spans, Loki's push; pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from msctl.telemetry.loglines.levels import rank
from msctl.telemetry.loglines.record import LogRecord, is_span
from msctl.telemetry.loglines.traces import Span, span_of
from msctl.telemetry.loglines.transfer import Stored, microseconds

_SCOPE = {"name": "msctl"}
_SERVER, _INTERNAL = 2, 1
_FAILED = 2
_NUMBERS = (("critical", 21), ("error", 17), ("warning", 13), ("info", 9), ("debug", 5), ("trace", 1))
"""OTLP's severity numbers by our levels, the gravest first."""

_MICROSECOND = timedelta(microseconds=1)
_LEAST_TRACE = 32
_LEAST_SPAN = 16


@dataclass(frozen=True, slots=True)
class Posting:
    """One request: where to under the target's URL, and its JSON."""

    path: str
    document: Mapping[str, Any]


def otlp(project: str, stored: Sequence[Stored]) -> list[Posting]:
    """Logs, and the spans among them, as requests to an OTLP/HTTP collector."""
    records = [(line, line.record) for line in stored]
    logs = _grouped(project, ((r, _log(line, r)) for line, r in records if not is_span(r.said)))
    spans = _grouped(project, ((r, made) for _, r in records if (made := _span(r)) is not None))
    postings = []
    if logs:
        document = {
            "resourceLogs": [
                {"resource": resource, "scopeLogs": [{"scope": _SCOPE, "logRecords": rows}]}
                for resource, rows in logs
            ]
        }
        postings.append(Posting("/v1/logs", document))
    if spans:
        document = {
            "resourceSpans": [
                {"resource": resource, "scopeSpans": [{"scope": _SCOPE, "spans": rows}]}
                for resource, rows in spans
            ]
        }
        postings.append(Posting("/v1/traces", document))
    return postings


def loki(project: str, stored: Sequence[Stored]) -> list[Posting]:
    """Lines as a push to Loki; labels are few by nature: the words of the line stay in the line."""
    streams: dict[tuple[str, str, str], list[list[str]]] = {}
    for line in stored:
        record = line.record
        if not is_span(record.said):
            key = record.service, record.container, record.said.level or "info"
            streams.setdefault(key, []).append([_nanoseconds(line.time), line.text])
    if not streams:
        return []
    found = [
        {
            "stream": {"project": project, "service": service, "container": container, "level": level},
            "values": values,
        }
        for (service, container, level), values in streams.items()
    ]
    return [Posting("/loki/api/v1/push", {"streams": found})]


ENCODINGS = {"otlp": otlp, "loki": loki}


def _grouped(
    project: str, rows: Iterable[tuple[LogRecord, dict[str, Any]]]
) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Rows by the container that wrote them, as OTLP's resources."""
    found: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {}
    for record, row in rows:
        names = {
            "service.name": record.service,
            "service.namespace": project,
            "service.instance.id": record.container,
        }
        found.setdefault(record.container, ({"attributes": _attributes(names)}, []))[1].append(row)
    return list(found.values())


def _log(line: Stored, record: LogRecord) -> dict[str, Any]:
    said = record.said
    number = next((n for level, n in _NUMBERS if rank(said.level) >= rank(level)), 1)
    row: dict[str, Any] = {
        "timeUnixNano": _nanoseconds(line.time),
        "observedTimeUnixNano": _nanoseconds(line.time),
        "severityNumber": number,
        "severityText": (said.level or "info").upper(),
        "body": {"stringValue": said.message},
        "attributes": _attributes({**dict(said.fields), "log.iostream": record.stream}),
    }
    trace_id, span_id = said.trace_id or "", said.fields.get("span_id")
    if _is_hex(trace_id, _LEAST_TRACE):
        row["traceId"] = trace_id
    if isinstance(span_id, str) and _is_hex(span_id, _LEAST_SPAN):
        row["spanId"] = span_id
    return row


def _span(record: LogRecord) -> dict[str, Any] | None:
    span = span_of(record)
    if span is None or not _is_hex(span.trace_id, _LEAST_TRACE):
        return None
    row: dict[str, Any] = {
        "traceId": span.trace_id,
        "spanId": _span_id(span.id),
        "name": span.name,
        "kind": _SERVER if span.status is not None else _INTERNAL,
        "startTimeUnixNano": _nanoseconds(microseconds(span.start)),
        "endTimeUnixNano": _nanoseconds(microseconds(span.end)),
        "attributes": _attributes(_of_http(span)),
        "status": {"code": _FAILED} if span.failed else {},
    }
    if span.parent is not None:
        row["parentSpanId"] = _span_id(span.parent)
    return row


def _of_http(span: Span) -> dict[str, Any]:
    return {} if span.status is None else {"http.response.status_code": span.status}


def _span_id(found: str) -> str:
    """One that a program wrote in a form of its own gets a well-formed one, always the same."""
    return found if _is_hex(found, _LEAST_SPAN) else hashlib.sha256(found.encode()).hexdigest()[:16]


def _is_hex(text: str, length: int) -> bool:
    return len(text) == length and set(text) <= set("0123456789abcdef") and set(text) != {"0"}


def _attributes(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": str(key), "value": _value(value)} for key, value in values.items() if value is not None]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int) and abs(value) < 2**63:
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(item) for item in value]}}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": _attributes(value)}}
    return {"stringValue": str(value)}


def _nanoseconds(micro: int) -> str:
    return str(micro * 1000)
