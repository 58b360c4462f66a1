"""The circuit breaker, after resilience4j's model: a plain state machine with an injected clock.

A call asks for a permit and settles it exactly once; settling a permit of an earlier era (the
circuit has changed state since) changes nothing, so no late answer can open, close or block a circuit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from msctl.resilience.window import CountWindow, Tally, TimeWindow, Window

TRIPPED_BY_HAND = "tripped by hand"


class CircuitState(StrEnum):
    """The three states, in the words that status and metrics use."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class BreakerSettings:
    """Rates between 0 and 1, times in seconds; ``window_seconds`` makes the window one of time."""

    failure_rate: float = 0.5
    slow_rate: float = 1.0
    slow_call: float = 2.0
    window_calls: int = 20
    window_seconds: float | None = None
    minimum_calls: int = 10
    wait: float = 5.0
    half_open_calls: int = 3
    wait_growth: float = 1.0
    wait_limit: float = 60.0
    wait_jitter: float = 0.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """A call that was not permitted; ``retry_in`` is seconds until asking again makes sense."""

    state: CircuitState
    retry_in: float
    tally: Tally
    cause: str | None


@dataclass(frozen=True, slots=True)
class CircuitView:
    """What status shows; ``retry_in`` is None unless the circuit is open."""

    state: CircuitState
    tally: Tally
    cause: str | None
    retry_in: float | None


Listener = Callable[[CircuitState, CircuitState], None]


class Permit:
    """The right to make one call; the first of its settling methods counts, later ones do nothing."""

    __slots__ = ("_breaker", "era", "is_trial")

    def __init__(self, breaker: Breaker, era: int, is_trial: bool = False) -> None:
        self._breaker: Breaker | None = breaker
        self.era = era
        self.is_trial = is_trial

    @property
    def on_trial(self) -> bool:
        """Whether the call is one of the few that decide a half-open circuit."""
        breaker = self._breaker
        return self.is_trial and breaker is not None and breaker.on_trial(self.era)

    def succeed(self, seconds: float) -> None:
        """Record a success that took ``seconds``."""
        breaker, self._breaker = self._breaker, None
        if breaker is not None:
            breaker.record(self.era, seconds, None)

    def fail(self, seconds: float, cause: str) -> None:
        """Record a failure; ``cause`` is a short phrase out of a small set."""
        if (breaker := self._take()) is not None:
            breaker.record(self.era, seconds, cause)

    def ignore(self) -> None:
        """Give the permit back unrecorded."""
        if (breaker := self._take()) is not None:
            breaker.give_back(self.era)

    def cancel(self, seconds: float) -> None:
        """The caller went away: unrecorded, unless the call was already slow."""
        if (breaker := self._take()) is None:
            return
        if seconds > breaker.settings.slow_call:
            breaker.record(self.era, seconds, None)
        else:
            breaker.give_back(self.era)

    def _take(self) -> Breaker | None:
        breaker, self._breaker = self._breaker, None
        return breaker


class Breaker:
    """One circuit: guards the calls of one caller to one service."""

    def __init__(
        self,
        settings: BreakerSettings,
        clock: Callable[[], float],
        dice: Callable[[], float] = lambda: 0.5,
        listener: Listener = lambda _old, _new: None,
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._dice = dice
        self._listener = listener
        self._state = CircuitState.CLOSED
        self._era = 0
        self._window = self._closed_window()
        self._minimum = self._closed_minimum()
        self._trials = 0
        self._open_until = 0.0
        self._openings = 0
        self._opened_with = Tally()
        self._cause: str | None = None

    @property
    def state(self) -> CircuitState:
        """The present state; an open circuit whose wait is over stays open until the next call asks."""
        return self._state

    def acquire(self) -> Permit | Refusal:
        """A permit for one call now, or why there is none."""
        if self._state is CircuitState.CLOSED:
            return Permit(self, self._era)
        now = self._clock()
        if self._state is CircuitState.OPEN:
            if now < self._open_until:
                return self._refusal(now)
            self._half_open()
        if self._trials <= 0:
            return self._refusal(now)
        self._trials -= 1
        return Permit(self, self._era, is_trial=True)

    def refusal(self) -> Refusal | None:
        """What ``acquire`` would refuse with now, without taking a permit or changing state."""
        now = self._clock()
        if self._state is CircuitState.OPEN and now < self._open_until:
            return self._refusal(now)
        if self._state is CircuitState.HALF_OPEN and self._trials <= 0:
            return self._refusal(now)
        return None

    def record(self, era: int, seconds: float, cause: str | None) -> None:
        """Count the outcome of a call of ``era`` (used by its permit)."""
        if era != self._era:
            return
        now, settings, window = self._clock(), self.settings, self._window
        calls, failed, slow = window.record(now, seconds > settings.slow_call, cause)
        if calls < self._minimum:
            return
        if failed / calls >= settings.failure_rate or slow / calls >= settings.slow_rate:
            tally = window.tally(now)
            self._open(now, tally, self._cause_of(tally), None)
        elif self._state is CircuitState.HALF_OPEN:
            self._close()

    def give_back(self, era: int) -> None:
        """Return the permit of a call of ``era`` that is not recorded (used by its permit)."""
        if era == self._era and self._state is CircuitState.HALF_OPEN:
            self._trials += 1

    def on_trial(self, era: int) -> bool:
        """Whether a permit of ``era`` takes part in deciding a half-open circuit."""
        return era == self._era and self._state is CircuitState.HALF_OPEN

    def trip(self, seconds: float | None = None) -> None:
        """Open the circuit by hand, for the configured wait unless ``seconds`` says otherwise."""
        now = self._clock()
        self._open(now, self._window.tally(now), TRIPPED_BY_HAND, seconds)

    def reset(self) -> None:
        """Close the circuit by hand and forget what was recorded."""
        self._close()

    def try_now(self) -> None:
        """End the wait of an open circuit: its cause is known to be gone."""
        if self._state is CircuitState.OPEN:
            self._open_until = self._clock()

    def view(self) -> CircuitView:
        """The circuit as status shows it."""
        now = self._clock()
        if self._state is CircuitState.OPEN:
            return CircuitView(self._state, self._opened_with, self._cause, max(0.0, self._open_until - now))
        cause = self._cause if self._state is CircuitState.HALF_OPEN else None
        return CircuitView(self._state, self._window.tally(now), cause, None)

    def _refusal(self, now: float) -> Refusal:
        left = self._open_until - now if self._state is CircuitState.OPEN else 1.0
        return Refusal(self._state, left, self._opened_with, self._cause)

    def _cause_of(self, tally: Tally) -> str | None:
        if tally.failure_rate >= self.settings.failure_rate:
            return tally.cause
        return f"slower than {self.settings.slow_call:g} s"

    def _open(self, now: float, tally: Tally, cause: str | None, seconds: float | None) -> None:
        wait = self._next_wait() if seconds is None else seconds
        self._openings += 1
        self._open_until = now + wait
        self._opened_with = tally
        self._cause = cause
        self._change(CircuitState.OPEN)

    def _next_wait(self) -> float:
        settings = self.settings
        wait = settings.wait
        if settings.wait_growth > 1.0:
            grown = settings.wait * settings.wait_growth ** min(self._openings, 64)
            wait = min(grown, max(settings.wait, settings.wait_limit))
        return wait * (1.0 + settings.wait_jitter * (2.0 * self._dice() - 1.0))

    def _half_open(self) -> None:
        calls = self.settings.half_open_calls
        self._window = CountWindow(calls)
        self._minimum = min(self.settings.minimum_calls, calls)
        self._trials = calls
        self._change(CircuitState.HALF_OPEN)

    def _close(self) -> None:
        self._window = self._closed_window()
        self._minimum = self._closed_minimum()
        self._openings = 0
        self._cause = None
        self._change(CircuitState.CLOSED)

    def _change(self, state: CircuitState) -> None:
        old, self._state = self._state, state
        self._era += 1
        if old is not state:
            self._listener(old, state)

    def _closed_window(self) -> Window:
        seconds = self.settings.window_seconds
        return CountWindow(self.settings.window_calls) if seconds is None else TimeWindow(seconds)

    def _closed_minimum(self) -> int:
        settings = self.settings
        if settings.window_seconds is not None:
            return settings.minimum_calls
        return min(settings.minimum_calls, settings.window_calls)
