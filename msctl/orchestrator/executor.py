"""Walks a plan: runs each operation as soon as what it waits for is done; decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Event

from msctl.errors import Interrupted, MsctlError
from msctl.events import Notice, Sink, StepDone, StepFailed, StepStarted
from msctl.plan.operations import Operation, Plan

_MOST_THREADS = 64
_POLL = 0.2
_ACKNOWLEDGED = "interrupted: finishing the steps under way (Ctrl-C again leaves at once)"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a plan: errors by operation id, and what was not tried for each failed id."""

    failures: Mapping[str, MsctlError] = field(default_factory=dict)
    blocked: Mapping[str, tuple[Operation, ...]] = field(default_factory=dict)
    operations: Mapping[str, Operation] = field(default_factory=dict)


class Executor:
    """Runs operations through ``run`` on a pool of threads; ``stop`` ends it, and their waits, early."""

    def __init__(
        self, run: Callable[[Operation], str], sink: Sink, clock: Callable[[], float], stop: Event
    ) -> None:
        self._run = run
        self._sink = sink
        self._clock = clock
        self._stop = stop

    def execute(self, plan: Plan) -> Outcome:
        """Carry out ``plan``; a failure stops only what waits for it. Raises ``Interrupted``."""
        walk = _Walk(plan)
        workers = max(1, min(_MOST_THREADS, len(plan.operations)))
        with ThreadPoolExecutor(workers, thread_name_prefix="operation") as pool:
            try:
                self._walk(walk, pool)
            except KeyboardInterrupt:
                self._stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                self._sink.emit(Notice("warning", _ACKNOWLEDGED))
            except BaseException:
                self._stop.set()
                raise
        if self._stop.is_set():
            raise Interrupted(
                "interrupted; what was under way was finished", "run the same command to continue"
            )
        return walk.outcome()

    def _walk(self, walk: _Walk, pool: ThreadPoolExecutor) -> None:
        running: dict[Future[None], Operation] = {}
        ended: SimpleQueue[Future[None]] = SimpleQueue()
        while True:
            if not self._stop.is_set():
                for operation in walk.take_ready():
                    future = pool.submit(self._perform, operation)
                    running[future] = operation
                    future.add_done_callback(ended.put)
            if not running:
                return
            with suppress(Empty):
                future = ended.get(timeout=_POLL)
                walk.settle(running.pop(future), _error_of(future))

    def _perform(self, operation: Operation) -> None:
        started = self._clock()
        self._sink.emit(StepStarted(operation.subject, operation.verb, operation.reason))
        try:
            detail = self._run(operation)
        except MsctlError as exc:
            seconds = self._clock() - started
            self._sink.emit(StepFailed(operation.subject, operation.verb, seconds, exc.message))
            raise
        self._sink.emit(StepDone(operation.subject, operation.verb, self._clock() - started, detail))


def _error_of(future: Future[None]) -> MsctlError | None:
    error = future.exception()
    if error is None or isinstance(error, MsctlError):
        return error
    raise error


class _Walk:
    """Which operations are open, done, failed and blocked."""

    def __init__(self, plan: Plan) -> None:
        self._open = {operation.id: operation for operation in plan.operations}
        self._all = dict(self._open)
        self._done: set[str] = set()
        self._failures: dict[str, MsctlError] = {}
        self._blocked: dict[str, list[Operation]] = {}
        self._blame: dict[str, str] = {}

    def take_ready(self) -> list[Operation]:
        ready = [o for o in self._open.values() if self._done.issuperset(o.after)]
        for operation in ready:
            del self._open[operation.id]
        return ready

    def settle(self, operation: Operation, error: MsctlError | None) -> None:
        if error is None:
            self._done.add(operation.id)
            return
        self._failures[operation.id] = error
        self._blame[operation.id] = operation.id
        self._block_dependants()

    def _block_dependants(self) -> None:
        while blocked := self._first_blocked():
            operation, culprit = blocked
            del self._open[operation.id]
            self._blame[operation.id] = culprit
            self._blocked.setdefault(culprit, []).append(operation)

    def _first_blocked(self) -> tuple[Operation, str] | None:
        return next(
            (
                (operation, self._blame[wanted])
                for operation in self._open.values()
                for wanted in operation.after
                if wanted in self._blame
            ),
            None,
        )

    def outcome(self) -> Outcome:
        blocked = {culprit: tuple(found) for culprit, found in self._blocked.items()}
        return Outcome(self._failures, blocked, self._all)


def subjects(operations: Iterable[Operation]) -> tuple[str, ...]:
    """The distinct subjects of ``operations`` in order."""
    return tuple(dict.fromkeys(operation.subject for operation in operations))
