"""Waiting for one container to become ready, or telling early and precisely that it will not."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING

from msctl import labels
from msctl.errors import EngineError, Interrupted, ObjectMissing
from msctl.events import StepProgress
from msctl.model.observed import CRASHES_TO_GIVE_UP
from msctl.orchestrator.deaths import Deaths
from msctl.orchestrator.not_ready import NotReady
from msctl.orchestrator.probing import Answer, Prober

if TYPE_CHECKING:
    from msctl.engine.port import Engine
    from msctl.events import Sink
    from msctl.model.desired import ContainerSpec, Probe
    from msctl.model.observed import ObservedContainer

_LOOK = 0.5
"""Seconds between two looks at a container that has just ended, or whose end would not be heard."""

_LOOK_ANYWAY = 5.0
"""Seconds between two looks at one that is not known to have ended."""

_FRESH = 2.0
"""Seconds in which the engine may still say that it runs."""

_QUESTIONS = 20
_PAUSE = "0.1"


@contextmanager
def watching(engine: Engine, project: str, sink: Sink, *, timeout: float, stop: Event) -> Iterator[Readiness]:
    """Waiting for containers of ``project``, which its gateway asks; nothing asks or listens afterwards."""
    prober = Prober(engine, labels.container(project, "gateway"))
    deaths = Deaths(engine, project)
    try:
        yield Readiness(engine, prober, deaths, sink, timeout=timeout, clock=time.monotonic, stop=stop)
    finally:
        prober.close()
        deaths.close()


class Readiness:
    """Waits with ``timeout`` seconds for each container; ``stop`` ends every wait."""

    def __init__(
        self,
        engine: Engine,
        prober: Prober,
        deaths: Deaths,
        sink: Sink,
        *,
        timeout: float,
        clock: Callable[[], float],
        stop: Event,
    ) -> None:
        self._engine = engine
        self._prober = prober
        self._deaths = deaths
        self._sink = sink
        self._timeout = timeout
        self._clock = clock
        self._stop = stop

    def wait(self, spec: ContainerSpec, network: str) -> str:
        """Return the good answer; raise ``NotReady`` at the deadline or once it is hopeless."""
        if spec.probe is None:
            return ""
        if spec.probe.kind == "exec":
            probe = spec.probe
            return self._until(spec, lambda: self._exec_round(spec, probe))
        begun = self._engine.inspect(spec.name)
        self._prober.ask(spec.name, spec.probe, begun.addresses.get(network, ""))
        crashes = begun.restarts if spec.waits else 0  # those while its database was not there do not count
        try:
            return self._until(spec, lambda: self._prober.wait(spec.name, _LOOK), crashes)
        finally:
            self._prober.forget(spec.name)

    def _until(self, spec: ContainerSpec, ask: Callable[[], Answer | None], crashes: int = 0) -> str:
        deadline = self._clock() + self._timeout
        shown = None
        found: ObservedContainer | None = None
        due = _Due(lambda: self._deaths.of(spec.name), self._clock)
        while True:
            answer = ask()
            if answer is not None and answer.ok:
                return answer.output
            if self._stop.is_set():
                raise Interrupted(f"stopped waiting for {spec.name}")
            late = self._clock() >= deadline
            if late or due.now():
                found = self._look(spec, found)
            hopeless = None if found is None else _hopeless(found, crashes)
            output = answer.output if answer is not None else None
            if hopeless is not None:
                raise NotReady(hopeless, spec, output, found)
            if late:
                raise NotReady(f"not ready after {self._timeout:g} s", spec, output, found)
            if output and output != shown:
                shown = output
                self._sink.emit(StepProgress(spec.name, output))

    def _look(self, spec: ContainerSpec, before: ObservedContainer | None) -> ObservedContainer | None:
        """The container now, with its last exit code; what was seen ``before`` while the engine is silent."""
        try:
            seen = self._engine.inspect(spec.name)
        except ObjectMissing as exc:
            raise NotReady("the container disappeared", spec, None, before) from exc
        except EngineError:
            return before
        known = before.exit_code if before is not None else None
        return replace(seen, exit_code=known if seen.exit_code is None else seen.exit_code)

    def _exec_round(self, spec: ContainerSpec, probe: Probe) -> Answer:
        """One command that asks up to twenty times: a command costs more than a question."""
        try:
            result = self._engine.execute(spec.name, ("sh", "-c", asking_script(probe)), timeout=30.0)
        except EngineError as exc:
            self._stop.wait(0.2)
            return Answer(ok=False, output=exc.message)
        return Answer(result.exit_code == 0, result.output.strip()[-300:])


class _Due:
    """When to look at a container: at first, when it was heard to end, and now and then."""

    def __init__(self, ends: Callable[[], int | None], clock: Callable[[], float]) -> None:
        self._ends = ends
        self._clock = clock
        self._heard = ends()
        self._fresh_until = 0.0
        self._next = 0.0

    def now(self) -> bool:
        """Whether to; it is taken for done."""
        ends, now = self._ends(), self._clock()
        if ends != self._heard:
            self._heard, self._fresh_until = ends, now + _FRESH
        if ends is not None and now >= self._fresh_until and now < self._next:
            return False
        self._next = now + _LOOK_ANYWAY
        return True


def asking_script(probe: Probe) -> str:
    """A shell script that asks the probe's question again and again and exits 0 at the first good answer.

    While nothing listens, bash, where there is one, finds out for a tenth of what the question costs.
    """
    question = shlex.join(probe.command)
    listens = f"(: >/dev/tcp/127.0.0.1/{probe.port}) 2>/dev/null && {question}"
    return f"command -v bash >/dev/null && exec bash -c {shlex.quote(_until(listens))}; {_until(question)}"


def _until(question: str) -> str:
    count = f"i=$((i+1)); if [ $i -ge {_QUESTIONS} ]; then {question}; exit; fi"
    return f"i=0; until {question}; do {count}; sleep {_PAUSE}; done"


def _hopeless(found: ObservedContainer, crashes: int) -> str | None:
    """Why waiting longer is no use, if so; ``crashes`` from before do not count."""
    if found.oom_killed:
        return "killed: out of memory"
    if found.restarts - crashes >= CRASHES_TO_GIVE_UP and found.exit_code is not None:
        return f"crash loop: exited {found.restarts} times"
    if found.state in {"exited", "dead"}:
        return f"exited with code {found.exit_code}"
    return None
