"""Checks of what the platform sees: telemetry, registry, events, stopping."""

from __future__ import annotations

import json
import re
from typing import Any

from msctl.orchestrator.conformance.evidence import Evidence
from msctl.orchestrator.conformance.verdict import Check, Judged, expect, skipped

_SAMPLE = re.compile(
    r"[A-Za-z_:][A-Za-z0-9_:]*(\{.*\})? [0-9eE.+-]+(NaN|Inf)?( [0-9.]+)?( # .*)?\Z|.* [+-]?(NaN|Inf)\Z"
)
_COUNTER = re.compile(r"# TYPE (\S+) counter\Z")
_NOT_FOUND = 404
_SHORTEST_SECRET = 8
_MOSTLY = 0.9


def _metrics(evidence: Evidence) -> Judged:
    answer = evidence.answer("metrics")
    if answer.status == _NOT_FOUND:
        return "warn", "no /metrics: it is not measured"
    return expect(answer.status == 200, answer.said, answer.said)  # noqa: PLR2004


def _with_metrics(judge: Any) -> Any:
    def judged(evidence: Evidence) -> Judged:
        answer = evidence.answer("metrics")
        return judge(evidence, answer.body) if answer.status == 200 else skipped(answer.said)  # noqa: PLR2004

    return judged


def _metrics_format(_: Evidence, text: str) -> Judged:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    wrong = [line for line in lines if not _SAMPLE.match(line)]
    return expect(
        bool(lines) and not wrong, f"{len(lines)} samples", f"not a sample: {wrong[:1] or 'none at all'}"
    )


def _no_paths(evidence: Evidence, text: str) -> Judged:
    return expect(
        evidence.marker not in text, "route templates only", "a label holds the path that was asked for"
    )


def _counters(_: Evidence, text: str) -> Judged:
    names = [match[1] for line in text.splitlines() if (match := _COUNTER.match(line))]
    wrong = [name for name in names if not name.endswith("_total")]
    return expect(not wrong, f"{len(names)} counters", f"without _total: {', '.join(wrong[:3])}", "warn")


def _parsed(evidence: Evidence) -> list[dict[str, Any]]:
    found = []
    for line in evidence.log:
        try:
            document = json.loads(line)
        except ValueError:
            continue
        if isinstance(document, dict):
            found.append(document)
    return found


def _json_log(evidence: Evidence) -> Judged:
    if not evidence.log:
        return skipped("it wrote nothing")
    share = len(_parsed(evidence)) / len(evidence.log)
    return expect(
        share >= _MOSTLY, f"{len(evidence.log)} lines", f"{share:.0%} of the lines are JSON", "warn"
    )


def _log_fields(evidence: Evidence) -> Judged:
    records = _parsed(evidence)
    if not records:
        return skipped("no JSON lines")
    wanted = {
        "time": ("time", "timestamp", "ts"),
        "level": ("level", "severity"),
        "message": ("message", "msg"),
    }
    missing = [name for name, keys in wanted.items() if not any(key in records[-1] for key in keys)]
    return expect(not missing, "time, level, message", f"without {', '.join(missing)}", "warn")


def _log_secrets(evidence: Evidence) -> Judged:
    secrets = [secret for secret in evidence.secrets if len(secret) >= _SHORTEST_SECRET]
    shown = any(secret in line for line in evidence.log for secret in secrets)
    return expect(not shown, "none seen", "a generated secret is in its log")


def _trace(evidence: Evidence) -> Judged:
    answer = evidence.answer("unknown")
    told = evidence.trace_id in answer.body or evidence.trace_id in str(answer.headers)
    logged = any(evidence.trace_id in line for line in evidence.log)
    return expect(
        told or logged, "in answers" if told else "in its log", "the caller's trace is not taken up", "warn"
    )


def _bad_trace(evidence: Evidence) -> Judged:
    answer, usual = evidence.answer("bad trace"), evidence.answer("own")
    return expect(answer.status == usual.status, answer.said, f"{answer.said}, without it {usual.status}")


def _registered(evidence: Evidence) -> Judged:
    instance = evidence.instance
    return expect(instance.registered, "in the registry", "not in the registry")


def _found(evidence: Evidence) -> Judged:
    host = (evidence.instance.address or "").rpartition(":")[0]
    name = f"{evidence.service.name}.service.consul"
    return expect(
        host in evidence.resolved,
        f"{name} is {host}",
        f"{name} is {', '.join(evidence.resolved) or 'unknown'}",
    )


def _consumes(evidence: Evidence) -> Judged:
    if evidence.queue is None:
        return skipped("it subscribes to nothing")
    count = evidence.queue.consumers
    return expect(count > 0, f"{count} consumers", "nobody takes events from its queue")


def _duplicates(evidence: Evidence) -> Judged:
    queue = evidence.queue
    if queue is None:
        return skipped("it subscribes to nothing")
    if queue.sent is None:
        return skipped("only with --events: an event is published twice")
    if queue.left:
        return "fail", f"{queue.left} events still wait"
    dead = queue.dead_after - queue.dead_before
    return expect(dead == 0, f"{queue.sent} twice, both settled", f"{dead} of 2 became dead letters", "warn")


def _stops(evidence: Evidence) -> Judged:
    stopping, grace = evidence.stopping, evidence.service.stop_grace
    if stopping is None:
        return skipped("only with --stop: an instance is stopped")
    if stopping.seconds is None:
        return "fail", f"still running {grace:g} s after SIGTERM"
    return expect(
        stopping.seconds <= grace,
        f"{stopping.seconds:.1f} s",
        f"{stopping.seconds:.1f} s, {grace:g} s allowed",
    )


def _exit(evidence: Evidence) -> Judged:
    stopping = evidence.stopping
    if stopping is None:
        return skipped("only with --stop")
    if stopping.seconds is None:
        return skipped("it did not end")
    return expect(stopping.exit_code == 0, "exit code 0", f"exit code {stopping.exit_code}", "warn")


def _nothing_lost(evidence: Evidence) -> Judged:
    stopping = evidence.stopping
    if stopping is None:
        return skipped("only with --stop")
    return expect(
        stopping.lost == 0,
        f"{stopping.asked} asked, all answered",
        f"{stopping.lost} of {stopping.asked} lost",
    )


def _comes_back(evidence: Evidence) -> Judged:
    stopping = evidence.stopping
    if stopping is None:
        return skipped("only with --stop")
    if stopping.seconds is None:
        return skipped("it did not end")
    return expect(stopping.back, "ready again", "not ready again")


CHECKS = (
    Check("/metrics answers", "telemetry", _metrics),
    Check("metrics are Prometheus' text", "telemetry", _with_metrics(_metrics_format)),
    Check("no path is a label", "telemetry", _with_metrics(_no_paths)),
    Check("counters end in _total", "telemetry", _with_metrics(_counters)),
    Check("the log is JSON lines", "telemetry", _json_log),
    Check("records have time, level, message", "telemetry", _log_fields),
    Check("no secret is in the log", "telemetry", _log_secrets),
    Check("traceparent is taken up", "telemetry", _trace),
    Check("a broken traceparent breaks nothing", "telemetry", _bad_trace),
    Check("it is registered", "registry", _registered),
    Check("its name leads to it", "registry", _found),
    Check("events are consumed", "events", _consumes),
    Check("an event twice does no harm", "events", _duplicates),
    Check("SIGTERM ends it within the grace", "stop", _stops),
    Check("it ends with exit code 0", "stop", _exit),
    Check("no request is lost meanwhile", "stop", _nothing_lost),
    Check("it comes back", "stop", _comes_back),
)
