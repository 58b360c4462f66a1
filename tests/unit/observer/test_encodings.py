"""What is forwarded, held against OpenTelemetry's own definitions and Loki's words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from msctl.observer.encodings import loki, otlp
from msctl.telemetry.loglines.transfer import Source, Stored

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SOURCE = Source("id", "shop-orders-1", "orders", 1)
HOSTILE = "\x1b[31m\u202e<b>\x00"


def stored(*texts: str) -> list[Stored]:
    return [Stored(n, 1_700_000_000_000_000 + n, SOURCE, "stdout", text) for n, text in enumerate(texts)]


def span(**more: Any) -> str:
    told = {"logger": "msctl.span", "message": "GET /x", "trace_id": TRACE, "span_id": "a" * 16}
    return json.dumps({**told, "parent_id": None, "duration_ms": 12.5, "status": 503, **more})


# OTLP's JSON has ids in hex, where protobuf's own JSON has base64: only then do these parse.
def as_protobuf(value: Any) -> Any:
    if isinstance(value, dict):
        ids = ("traceId", "spanId", "parentSpanId")
        return {k: _base64(v) if k in ids else as_protobuf(v) for k, v in value.items()}
    return [as_protobuf(item) for item in value] if isinstance(value, list) else value


def _base64(text: str) -> str:
    import base64  # noqa: PLC0415

    return base64.b64encode(bytes.fromhex(text)).decode()


def test_logs_are_what_a_collector_understands() -> None:
    line = {
        "level": "error",
        "message": "full",
        "trace_id": TRACE,
        "n": 1,
        "x": 1.5,
        "ok": True,
        "l": [1],
        "o": {"a": None},
    }
    (posting,) = otlp("shop", stored(json.dumps(line), HOSTILE, json.dumps({"msg": "big", "n": 2**70})))
    assert posting.path == "/v1/logs"
    (resource,) = ParseDict(as_protobuf(posting.document), ExportLogsServiceRequest()).resource_logs
    assert {a.key: a.value.string_value for a in resource.resource.attributes} == {
        "service.name": "orders", "service.namespace": "shop", "service.instance.id": "shop-orders-1",
    }  # fmt: skip
    first, hostile, big = resource.scope_logs[0].log_records
    assert (first.body.string_value, first.severity_number, first.severity_text) == ("full", 17, "ERROR")
    assert (first.trace_id.hex(), first.time_unix_nano) == (TRACE, 1_700_000_000_000_000_000)
    assert hostile.body.string_value
    assert {a.key: a.value.string_value for a in big.attributes}["n"] == str(2**70)


def test_spans_are_what_a_collector_understands() -> None:
    texts = (span(), span(span_id="own words", parent_id="a" * 16, status=200), span(trace_id="short"))
    (posting,) = otlp("shop", stored(*texts))
    assert posting.path == "/v1/traces"
    (resource,) = ParseDict(as_protobuf(posting.document), ExportTraceServiceRequest()).resource_spans
    first, second = resource.scope_spans[0].spans
    assert (first.name, first.status.code, first.kind) == ("GET /x", 2, 2)
    assert first.end_time_unix_nano - first.start_time_unix_nano == 12_500_000
    assert (second.parent_span_id, len(second.span_id)) == (first.span_id, 8)
    assert not first.parent_span_id


def test_loki_gets_lines_as_they_were_written_under_few_labels() -> None:
    (posting,) = loki("shop", stored("plain", json.dumps({"level": "error", "msg": "x"}), "again", span()))
    assert posting.path == "/loki/api/v1/push"
    streams = {s["stream"]["level"]: s for s in posting.document["streams"]}
    assert streams["info"]["stream"] == {
        "project": "shop", "service": "orders", "container": "shop-orders-1", "level": "info",
    }  # fmt: skip
    assert streams["info"]["values"] == [["1700000000000000000", "plain"], ["1700000000000002000", "again"]]


@pytest.mark.parametrize("encode", [otlp, loki])
def test_nothing_is_no_request(encode: Any) -> None:
    assert encode("shop", []) == []
