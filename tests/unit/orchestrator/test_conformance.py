"""Every check of the exam holds for a good service, and finds what it is there to find."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from msctl.errors import NotRunning, ObjectMissing
from msctl.model.project import Health, Resources, Route, Service
from msctl.model.status import InstanceStatus
from msctl.orchestrator.conformance import exam as module
from msctl.orchestrator.conformance import gathering
from msctl.orchestrator.conformance.bearing import Tokens
from msctl.orchestrator.conformance.evidence import Answer, Evidence, Queue, Stopping
from msctl.orchestrator.conformance.exam import Exam, judged
from msctl.orchestrator.conformance.questions import own_path, questions
from msctl.orchestrator.conformance.verdict import Verdict
from tests.unit.orchestrator.stage import Stage
from tests.unit.plan.projects import project, service, shop

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
JSON = {"content-type": "application/json"}
HEALTH = {"content-type": "application/health+json", "cache-control": "max-age=1"}
BODY = json.dumps({"status": "pass", "checks": {"postgres:connection": [{"status": "pass"}]}})
READY = Answer(200, HEALTH, BODY, 0.01)
OWN = Answer(200, JSON, "[]", 0.01)
PROBLEM = {"content-type": "application/problem+json"}
METRICS = '# TYPE x_total counter\nx_total{route="/a"} 1.0\nup 1\n'
SERVICE = Service("web", image="web:1", subscribes=(), resources=Resources(memory=1024**2))
INSTANCE = InstanceStatus("shop-web-1", "10.1.2.3:8000", "running", "pass", True, 0, None)
LINE = json.dumps({"time": "2026-01-01T00:00:00Z", "level": "info", "message": "hello"})


def refused(status: int, **headers: str) -> Answer:
    return Answer(status, {**PROBLEM, **headers}, json.dumps({"status": status, "trace_id": TRACE}))


GOOD = Evidence(
    service=SERVICE,
    instance=INSTANCE,
    answers={
        **{key: [READY] for key in ("ready", "health", "live", "ready beside slow", "ready at last")},
        "ready again": [READY] * 3,
        "ready many": [READY] * 50,
        "ready head": [Answer(200, HEALTH)],
        "ready delete": [refused(405, allow="GET")],
        **{key: [OWN] for key in ("own", "odd header", "bad trace", "no time")},
        **{key: [refused(404)] for key in ("unknown", "dots", "encoded dots")},
        **{key: [refused(400)] for key in ("odd method", "odd query", "bad json", "wrong json")},
        "large body": [refused(413)],
        **{key: [refused(401, **{"www-authenticate": 'Bearer error="invalid_token"'})]
           for key in ("no token", "no genuine token", "changed token")},
        "lesser token": [refused(403, **{"www-authenticate": 'Bearer error="insufficient_scope"'})],
        "metrics": [Answer(200, {"content-type": "text/plain"}, METRICS)],
    },
    container={
        "uid": ["10001"], "root": ["protected"], "CapEff": ["0000000000000000"],
        "SigCgt": ["0000000000004002"],
        "secret": ["400 10001 /run/secrets/database_url"],
    },
    log=[LINE],
    secrets=frozenset({"correct-horse"}),
    resolved=["10.1.2.3"],
    marker="conformance-1",
    trace_id=TRACE,
    path="/web",
    queue=Queue(1, 0, 0, 0, "order.placed"),
    stopping=Stopping(0.4, 0, 0, 120, True),
)  # fmt: skip


def levels(evidence: Evidence) -> dict[str, str]:
    return {verdict.check: verdict.level for verdict in judged(evidence)}


def test_a_good_service_passes_everything() -> None:
    assert set(levels(GOOD).values()) == {"pass"}
    assert len(module.CHECKS) >= 40
    assert len({check.name for check in module.CHECKS}) == len(module.CHECKS)


def answering(question: str, answer: Answer) -> dict[str, Any]:
    return {"answers": {**GOOD.answers, question: [answer]}}


def inside(**facts: list[str]) -> dict[str, Any]:
    return {"container": {**(GOOD.container or {}), **facts}}


SILENT = Answer(error="timed out", seconds=5.0)
BROKEN: tuple[tuple[dict[str, Any], str, str], ...] = (
    (answering("ready", Answer(503, HEALTH, BODY)), "readiness answers 2xx", "fail"),
    (answering("ready", replace(READY, seconds=1.5)), "readiness answers in time", "fail"),
    (answering("ready", OWN), "readiness is application/health+json", "warn"),
    (answering("ready", replace(READY, body="{}")), "its status is pass or warn", "fail"),
    (answering("ready", replace(READY, body='{"checks": []}')), "its checks are lists by component", "fail"),
    (answering("ready", Answer(200, {}, BODY)), "it may not be cached unseen", "warn"),
    (answering("live", SILENT), "liveness answers 2xx", "fail"),
    (answering("live", SILENT), "liveness answers in time", "fail"),
    ({"answers": {**GOOD.answers, "ready again": [READY, SILENT]}}, "a connection can be used again", "fail"),
    (
        {"answers": {**GOOD.answers, "ready many": [READY, Answer(500)]}},
        "50 requests at a time are answered",
        "fail",
    ),
    (answering("ready beside slow", SILENT), "slow clients hold up nobody", "fail"),
    (answering("ready head", READY), "HEAD has no body", "fail"),
    (answering("ready delete", refused(405)), "a wrong method is 405 with Allow", "warn"),
    (answering("unknown", OWN), "an unknown path is 404", "fail"),
    (answering("unknown", Answer(404, JSON, "{}")), "errors are problem documents", "warn"),
    (answering("odd method", Answer(500)), "an unknown method breaks nothing", "fail"),
    (answering("odd query", Answer(500)), "an odd query breaks nothing", "fail"),
    (answering("odd header", SILENT), "odd headers break nothing", "fail"),
    (answering("dots", Answer(200, {}, "root:x:0:0")), "paths with dots lead nowhere", "fail"),
    (answering("encoded dots", Answer(200)), "paths with dots lead nowhere", "fail"),
    (answering("bad json", Answer(500)), "broken JSON is a 4xx", "fail"),
    (answering("wrong json", Answer(201)), "JSON of another shape is a 4xx", "fail"),
    (answering("large body", SILENT), "a body of 3 MiB is a 4xx", "fail"),
    (answering("no time", Answer(500)), "a broken X-Timeout-Ms breaks nothing", "fail"),
    (answering("no token", OWN), "without a token it is 401", "fail"),
    (answering("no genuine token", OWN), "a forged token is 401", "fail"),
    (answering("changed token", refused(401)), "a changed token is 401", "warn"),
    (answering("lesser token", OWN), "a token without the scope is 403", "fail"),
    (answering("ready at last", SILENT), "it is ready after all this", "fail"),
    (inside(uid=["0"]), "it runs as an ordinary user", "fail"),
    (inside(root=["writable"]), "the root file system is protected", "fail"),
    (inside(CapEff=["00000000a80425fb"]), "it has no capabilities", "fail"),
    (inside(SigCgt=["0000000000000002"]), "process 1 handles SIGTERM", "fail"),
    (inside(secret=["444 0 /run/secrets/x"]), "secrets are files for its user alone", "fail"),
    (inside(leaked=["/run/secrets/x"]), "no secret is in environment or arguments", "fail"),
    ({"service": replace(SERVICE, resources=Resources())}, "its memory is limited", "warn"),
    ({"instance": replace(INSTANCE, restarts=3)}, "it runs steadily", "warn"),
    (answering("metrics", Answer(404)), "/metrics answers", "warn"),
    (answering("metrics", Answer(200, {}, "<html>")), "metrics are Prometheus' text", "fail"),
    (answering("metrics", Answer(200, {}, 'x{p="/conformance-1"} 1')), "no path is a label", "fail"),
    (answering("metrics", Answer(200, {}, "# TYPE x counter\nx 1")), "counters end in _total", "warn"),
    ({"log": ["hello"]}, "the log is JSON lines", "warn"),
    ({"log": ['{"message": "x"}']}, "records have time, level, message", "warn"),
    ({"log": [LINE, "correct-horse"]}, "no secret is in the log", "fail"),
    (answering("unknown", Answer(404, PROBLEM, "{}")), "traceparent is taken up", "warn"),
    (answering("bad trace", Answer(400)), "a broken traceparent breaks nothing", "fail"),
    ({"instance": replace(INSTANCE, registered=False)}, "it is registered", "fail"),
    ({"resolved": []}, "its name leads to it", "fail"),
    ({"queue": Queue(0, 0, 0, 0)}, "events are consumed", "fail"),
    ({"queue": Queue(1, 0, 0, 2, "a.b")}, "an event twice does no harm", "fail"),
    ({"queue": Queue(1, 3, 5, 0, "a.b")}, "an event twice does no harm", "warn"),
    ({"stopping": Stopping(None, None, 0, 9, True)}, "SIGTERM ends it within the grace", "fail"),
    ({"stopping": Stopping(1.0, 143, 0, 9, True)}, "it ends with exit code 0", "warn"),
    ({"stopping": Stopping(1.0, 0, 1, 9, True)}, "no request is lost meanwhile", "fail"),
    ({"stopping": Stopping(1.0, 0, 0, 9, False)}, "it comes back", "fail"),
)


@pytest.mark.parametrize(("change", "check", "level"), BROKEN)
def test_what_is_wrong_is_found(change: dict[str, Any], check: str, level: str) -> None:
    assert levels(replace(GOOD, **change))[check] == level


def test_every_check_can_fail_or_warn() -> None:
    assert {check.name for check in module.CHECKS} == {check for _, check, _ in BROKEN}


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"answers": {"own": [OWN]}}, "without a token it is 401"),
        ({"container": None}, "it runs as an ordinary user"),
        ({"queue": None}, "events are consumed"),
        ({"queue": Queue(1, 0, 0, 0)}, "an event twice does no harm"),
        ({"stopping": None}, "it comes back"),
        ({"path": None}, "broken JSON is a 4xx"),
        ({"log": []}, "the log is JSON lines"),
        ({"service": replace(SERVICE, health=Health(live=None))}, "liveness answers 2xx"),
        ({"service": replace(SERVICE, health=Health(live=None))}, "liveness answers in time"),
        (answering("live", Answer(404)), "liveness answers 2xx"),
        ({"stopping": Stopping(None, None, 0, 9, False)}, "it ends with exit code 0"),
        ({"stopping": Stopping(None, None, 0, 9, False)}, "it comes back"),
        (answering("ready", OWN), "its status is pass or warn"),
        (answering("metrics", Answer(404)), "no path is a label"),
    ],
)
def test_what_does_not_apply_is_skipped(change: Mapping[str, Any], check: str) -> None:
    assert levels(replace(GOOD, **change))[check] == "skip"


def test_a_service_that_answers_nothing_fails_without_a_traceback() -> None:
    silent = replace(GOOD, answers={key: [SILENT] for key in GOOD.answers}, container={}, log=["\x00", "[]"])
    found: list[Verdict] = judged(silent)
    assert sum(verdict.level == "fail" for verdict in found) > 15


def test_a_path_of_its_own_is_found_among_the_routes() -> None:
    service = Service("web", image="x")
    gateway = replace(
        shop().gateway,
        routes=(
            Route("/a", service="other"),
            Route("/w/{id}", service="web", rewrite="/web/{id}", methods=("POST",)),
            Route("/api/web/{rest:path}", service="web", rewrite="/web/{rest}"),
        ),
    )
    assert own_path(replace(shop(), gateway=gateway), service) == "/web"
    assert own_path(replace(shop(), gateway=replace(gateway, routes=())), service) is None


def test_each_question_has_its_name_once() -> None:
    asked = [question["id"] for question in questions(SERVICE, None, "m", TRACE, Tokens("full", "lesser"))]
    assert len(set(asked)) == len(asked)
    assert set(asked) == set(GOOD.answers)


def test_an_instance_that_goes_away_meanwhile_is_told_with_a_remedy(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise ObjectMissing("No such container: shop-web-1")

    monkeypatch.setattr(module, "_instance", lambda *_: INSTANCE)
    monkeypatch.setattr(gathering, "container_facts", gone)
    with pytest.raises(NotRunning, match="cut short: No such container") as failed:
        module.examine(stage.engine, stage.access(), project(service("web")), "web", Exam(), frozenset())
    assert failed.value.hint is not None
