"""Checks of health and of HTTP."""

from __future__ import annotations

import json
from typing import Any

from msctl.orchestrator.conformance.evidence import Answer, Evidence
from msctl.orchestrator.conformance.verdict import Check, Judged, expect, skipped

_PROBLEM = "application/problem+json"
_HEALTH = "application/health+json"
_OK = range(200, 300)
_NO_LIVENESS = "health.live is off"
_CLIENT_ERRORS = range(400, 500)


def _document(answer: Answer) -> Any:
    try:
        return json.loads(answer.body)
    except ValueError:
        return None


def _succeeds(question: str) -> Any:
    def judge(evidence: Evidence) -> Judged:
        answer = evidence.answer(question)
        return expect(answer.status in _OK, answer.said, answer.said)

    return judge


def _not_broken(question: str) -> Any:
    """No failure of the service's own, and an answer at all."""

    def judge(evidence: Evidence) -> Judged:
        answer = evidence.answer(question)
        return expect(answer.error is None and answer.status < 500, answer.said, answer.said)  # noqa: PLR2004

    return judge


def _refused(question: str) -> Any:
    def judge(evidence: Evidence) -> Judged:
        answer = evidence.answer(question)
        if evidence.path is None:
            return skipped("no route leads to a path of its own")
        return expect(answer.status in _CLIENT_ERRORS, answer.said, answer.said)

    return judge


def _in_time(question: str) -> Any:
    def judge(evidence: Evidence) -> Judged:
        if question == "live" and evidence.service.health.live is None:
            return skipped(_NO_LIVENESS)
        answer, limit = evidence.answer(question), evidence.service.health.timeout
        if answer.status == 404:  # noqa: PLR2004
            return skipped("it does not answer there")
        return expect(answer.error is None and answer.seconds <= limit, f"{answer.seconds * 1000:.0f} ms",
                      f"{answer.said} after {answer.seconds:.2f} s, {limit:g} s allowed")  # fmt: skip

    return judge


def _live(evidence: Evidence) -> Judged:
    if evidence.service.health.live is None:
        return skipped(_NO_LIVENESS)
    answer = evidence.answer("live")
    if answer.status == 404:  # noqa: PLR2004
        return skipped("404: it is never restarted for it")
    return expect(answer.status in _OK, answer.said, answer.said)


def _health_type(evidence: Evidence) -> Judged:
    found = evidence.answer("ready").media_type
    return expect(found == _HEALTH, found, f"{found or 'no type'} instead of {_HEALTH}", "warn")


def _health_status(evidence: Evidence) -> Judged:
    answer = evidence.answer("ready")
    if answer.media_type != _HEALTH:
        return skipped(f"not {_HEALTH}")
    document = _document(answer)
    status = document.get("status") if isinstance(document, dict) else None
    return expect(status in ("pass", "warn"), f"status {status}", f"2xx with status {status!r}")


def _health_checks(evidence: Evidence) -> Judged:
    document = _document(evidence.answer("ready"))
    checks = document.get("checks") if isinstance(document, dict) else None
    if checks is None:
        return skipped("it tells no checks")
    lists = isinstance(checks, dict) and all(
        isinstance(found, list) and all(isinstance(one, dict) and "status" in one for one in found)
        for found in checks.values()
    )
    return expect(lists, ", ".join(checks) or "none", "checks are not lists of objects with a status")


def _health_cache(evidence: Evidence) -> Judged:
    found = evidence.answer("ready").headers.get("cache-control")
    return expect(found is not None, str(found), "no Cache-Control: an answer may be kept", "warn")


def _all_succeed(question: str) -> Any:
    def judge(evidence: Evidence) -> Judged:
        found = evidence.answers.get(question, ())
        bad = [answer for answer in found if answer.status not in _OK]
        first = bad[0].said if bad else "not asked"
        well = bool(found) and not bad
        return expect(well, f"all {len(found)}", f"{len(bad)} of {len(found)} failed: {first}")

    return judge


def _head(evidence: Evidence) -> Judged:
    answer = evidence.answer("ready head")
    if answer.status == 405:  # noqa: PLR2004
        return "warn", "405: some checkers ask with HEAD"
    return expect(answer.error is None and not answer.body, answer.said, f"{answer.said} with a body")


def _wrong_method(evidence: Evidence) -> Judged:
    answer = evidence.answer("ready delete")
    allow = answer.headers.get("allow")
    if answer.status == 405:  # noqa: PLR2004
        return expect(allow is not None, f"405, Allow: {allow}", "405 without Allow", "warn")
    return expect(answer.status in _CLIENT_ERRORS, answer.said, answer.said, "warn")


def _unknown(evidence: Evidence) -> Judged:
    answer = evidence.answer("unknown")
    return expect(answer.status == 404, answer.said, answer.said)  # noqa: PLR2004


def _problem(question: str) -> Any:
    def judge(evidence: Evidence) -> Judged:
        answer = evidence.answer(question)
        if answer.status not in _CLIENT_ERRORS:
            return skipped(answer.said)
        document = _document(answer)
        status = document.get("status") if isinstance(document, dict) else None
        well = answer.media_type == _PROBLEM and status in (None, answer.status)
        return expect(well, answer.media_type, f"{answer.media_type or 'no type'}, not {_PROBLEM}", "warn")

    return judge


def _no_files(evidence: Evidence) -> Judged:
    found = [evidence.answer(question) for question in ("dots", "encoded dots")]
    leaked = any("root:" in answer.body for answer in found)
    broken = [answer for answer in found if answer.status in _OK or answer.status >= 500]  # noqa: PLR2004
    if leaked:
        return "fail", "/etc/passwd was sent"
    return expect(not broken, found[0].said, broken[0].said if broken else "")


def _door(question: str, status: int, challenge: str) -> Any:
    """Closed, with the challenge of RFC 6750."""

    def judge(evidence: Evidence) -> Judged:
        if question not in evidence.answers:
            return skipped(
                "its path wants no token" if question != "lesser token" else "it has one scope only"
            )
        answer = evidence.answer(question)
        told = answer.headers.get("www-authenticate", "")
        if answer.status != status:
            return "fail", f"{answer.said} instead of {status}"
        return expect(challenge in told, f"{status}, {challenge}", f"{status} without '{challenge}'", "warn")

    return judge


CHECKS = (
    Check("readiness answers 2xx", "health", _succeeds("ready")),
    Check("readiness answers in time", "health", _in_time("ready")),
    Check("readiness is application/health+json", "health", _health_type),
    Check("its status is pass or warn", "health", _health_status),
    Check("its checks are lists by component", "health", _health_checks),
    Check("it may not be cached unseen", "health", _health_cache),
    Check("liveness answers 2xx", "health", _live),
    Check("liveness answers in time", "health", _in_time("live")),
    Check("a connection can be used again", "http", _all_succeed("ready again")),
    Check("50 requests at a time are answered", "http", _all_succeed("ready many")),
    Check("slow clients hold up nobody", "http", _succeeds("ready beside slow")),
    Check("HEAD has no body", "http", _head),
    Check("a wrong method is 405 with Allow", "http", _wrong_method),
    Check("an unknown path is 404", "http", _unknown),
    Check("errors are problem documents", "http", _problem("unknown")),
    Check("an unknown method breaks nothing", "http", _not_broken("odd method")),
    Check("an odd query breaks nothing", "http", _not_broken("odd query")),
    Check("odd headers break nothing", "http", _not_broken("odd header")),
    Check("paths with dots lead nowhere", "http", _no_files),
    Check("broken JSON is a 4xx", "http", _refused("bad json")),
    Check("JSON of another shape is a 4xx", "http", _refused("wrong json")),
    Check("a body of 3 MiB is a 4xx", "http", _refused("large body")),
    Check("a broken X-Timeout-Ms breaks nothing", "http", _not_broken("no time")),
    Check("without a token it is 401", "tokens", _door("no token", 401, "Bearer")),
    Check("a forged token is 401", "tokens", _door("no genuine token", 401, "invalid_token")),
    Check("a changed token is 401", "tokens", _door("changed token", 401, "invalid_token")),
    Check("a token without the scope is 403", "tokens", _door("lesser token", 403, "insufficient_scope")),
    Check("it is ready after all this", "http", _succeeds("ready at last")),
)
