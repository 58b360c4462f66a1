"""Waiting for one container to become ready, or telling early and precisely that it will not."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from threading import Event

from msctl.engine.port import Engine
from msctl.errors import EngineError, Interrupted, MsctlError, ObjectMissing
from msctl.events import Sink, StepProgress
from msctl.model.desired import ContainerSpec, Probe
from msctl.model.observed import ObservedContainer
from msctl.orchestrator.probing import Answer, Prober

CRASHES_TO_GIVE_UP = 3
"""Restarts after which a container is called crash-looping, once it was seen with its exit code."""

_LOOK = 0.5
"""Seconds between two looks at the container itself."""

_QUESTIONS = 20
_PAUSE = "0.1"


class NotReady(MsctlError):
    """A container did not become ready: what it last answered, and how the engine found it."""

    code = "not-ready"

    def __init__(
        self, message: str, spec: ContainerSpec, answer: str | None, found: ObservedContainer | None
    ) -> None:
        super().__init__(message)
        self.spec = spec
        self.answer = answer
        self.found = found


class Readiness:
    """Waits with ``timeout`` seconds for each container; ``stop`` ends every wait."""

    def __init__(
        self,
        engine: Engine,
        prober: Prober,
        sink: Sink,
        *,
        timeout: float,
        clock: Callable[[], float],
        stop: Event,
    ) -> None:
        self._engine = engine
        self._prober = prober
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
        while True:
            answer = ask()
            if answer is not None and answer.ok:
                return answer.output
            if self._stop.is_set():
                raise Interrupted(f"stopped waiting for {spec.name}")
            found = self._look(spec, found)
            hopeless = None if found is None else _hopeless(found, crashes)
            output = answer.output if answer is not None else None
            if hopeless is not None:
                raise NotReady(hopeless, spec, output, found)
            if self._clock() >= deadline:
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
