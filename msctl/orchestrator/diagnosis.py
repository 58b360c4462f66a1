"""From a failure to its card: pure, over what was found at the failed container."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msctl.errors import BuildFailed
from msctl.model.failure import FailureCard
from msctl.orchestrator.not_ready import NotReady

if TYPE_CHECKING:
    from msctl.errors import MsctlError
    from msctl.model.observed import ObservedContainer
    from msctl.plan.operations import Operation

_EXCEPTION = re.compile(r"^[\w.]*(Error|Exception|Failure)\b.*", re.IGNORECASE)
_COMPLAINT = re.compile(r".*\b(error|fatal|failed|cannot|denied|refused|panic)\b.*", re.IGNORECASE)
_CALM = frozenset({"debug", "info", "notice"})
_ALARMED = frozenset({"error", "critical", "fatal"})
_LINES = 8
_LONGEST_LINE = 300
_BAD_STATUS = re.compile(r"^(\d{3})\b")
_SIGNAL_BASE = 128
_PASSWORD = re.compile(
    r"password authentication failed|Access denied for user|WRONGPASS|NOAUTH|invalid username-password pair",
    re.IGNORECASE,
)


def card_for(
    operation: Operation, error: MsctlError, lines: Sequence[str], blocked: Sequence[str]
) -> FailureCard:
    """The card of a failed operation; ``lines`` are the last the container wrote."""
    if isinstance(error, NotReady):
        return _not_ready(operation, error, lines, blocked)
    if isinstance(error, BuildFailed):
        subject = operation.service or operation.subject
        return FailureCard(
            subject=subject,
            code=error.code,
            what="could not be built",
            cause=error.message,
            log_lines=_shown(error.lines),
            blocks=tuple(blocked),
            next_command=f"less {error.log}" if error.log else None,
        )
    return FailureCard(
        subject=operation.subject,
        code=error.code,
        what=f"failed: {operation.verb}",
        cause=error.message,
        blocks=tuple(blocked),
        next_command=_remedy(error, operation),
    )


def _remedy(error: MsctlError, operation: Operation) -> str:
    return error.hint or (f"msctl logs {operation.service}" if operation.service else "msctl status")


def _not_ready(
    operation: Operation, error: NotReady, lines: Sequence[str], blocked: Sequence[str]
) -> FailureCard:
    code, cause = root_cause(error, lines)
    return FailureCard(
        subject=operation.subject,
        code=code,
        what="did not become healthy",
        cause=cause,
        health_answer=error.answer or None,
        exit_status=exit_status(error.found),
        log_lines=_shown(lines),
        blocks=tuple(blocked),
        next_command=f"msctl logs {operation.service or operation.subject}",
    )


def _shown(lines: Sequence[str]) -> tuple[str, ...]:
    """The last lines, each as long as a person reads."""
    return tuple(
        line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}…" for line in lines[-_LINES:]
    )


def root_cause(error: NotReady, lines: Sequence[str]) -> tuple[str, str]:
    """A stable code and one sentence: the first explanation that fits, most telling first."""
    found, answer = error.found, error.answer or ""
    telling = telling_line(lines)
    if found is not None and found.oom_killed:
        limit = error.spec.memory
        bound = f" (limit {limit // 2**20} MiB)" if limit else ""
        return "out-of-memory", f"killed because it ran out of memory{bound}; raise resources.memory"
    if any(_PASSWORD.search(text) for text in (answer, *lines)):
        return "wrong-password", f"the database refused the password: {telling or answer}"
    if found is not None and (found.restarts or found.state in {"exited", "dead", "restarting"}):
        times = f" {found.restarts} times" if found.restarts > 1 else ""
        status = exit_status(found) or "an unknown code"
        return "crash-loop", f"it exited{times} with {status}" + (f": {telling}" if telling else "")
    return _unanswered(error, answer, telling)


def _unanswered(error: NotReady, answer: str, telling: str | None) -> tuple[str, str]:
    probe = error.spec.probe
    where = f"port {probe.port}" if probe is not None else "its port"
    path = probe.path if probe is not None else ""
    status = _BAD_STATUS.match(answer)
    if status is not None and status[1] == "404":
        return "wrong-health-path", f"GET {path} on {where} answers 404: health.path names no such page"
    if status is not None:
        return "health-failing", f"GET {path} on {where} answers {answer.splitlines()[0][:200]}"
    if "refused" in answer:
        return "nothing-listens", f"it runs, but nothing listens on {where}: it must listen on $PORT"
    if "timed out" in answer or answer.startswith("no answer within"):
        return "health-timeout", f"{where} does not answer in time"
    return "not-ready", telling or answer or error.message


def exit_status(found: ObservedContainer | None) -> str | None:
    """``code 1``, or the signal's name for codes above 128; ``None`` if it never exited."""
    if found is None or found.exit_code is None or (found.state == "running" and not found.restarts):
        return None
    number = found.exit_code - _SIGNAL_BASE
    try:
        return f"code {found.exit_code} ({signal.Signals(number).name})"
    except ValueError:
        return f"code {found.exit_code}"


def telling_line(lines: Sequence[str]) -> str | None:
    """The line that most likely names the reason: an exception, an error-level record, the last words."""
    records = [_record(line) for line in lines if line.strip()]
    for pattern in (_EXCEPTION, _COMPLAINT):
        for level, text in reversed(records):
            if level not in _CALM and pattern.match(text):
                return text[:_LONGEST_LINE]
    failing = [text for level, text in records if level in _ALARMED]
    spoken = failing or [text for level, text in records if level not in _CALM]
    return spoken[-1][:_LONGEST_LINE] if spoken else None


def _record(line: str) -> tuple[str, str]:
    """Level and first line of the message of a JSON line; a plain line has no level."""
    try:
        values = json.loads(line)
        return str(values["level"]).lower(), str(values["message"]).strip().splitlines()[0][:300]
    except (ValueError, KeyError, TypeError, IndexError):
        return "", line.strip()
