"""When a container is brought back, and when it is left alone; pure."""

from __future__ import annotations

from dataclasses import dataclass

from msctl.agent.prober import Answer
from msctl.model.observed import ObservedContainer

KILLED = 137
FIRST_DELAY = 1.0
LONGEST_DELAY = 60.0
CALM = 60.0
"""Seconds of life after which earlier trouble is forgotten."""

_NO_SUCH_PAGE = "404"


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a container was brought back lately, and when it may be again."""

    tries: int = 0
    not_before: float = 0.0
    tried_at: float | None = None

    def due(self, now: float) -> bool:
        """Whether it may be brought back now."""
        return now >= self.not_before

    def tried(self, now: float) -> Patience:
        """It was brought back: the next time has to wait, twice as long each time."""
        calm = self.tried_at is None or now - self.tried_at > CALM + self._delay()
        tries = 1 if calm else self.tries + 1
        delay = min(LONGEST_DELAY, FIRST_DELAY * 2.0**tries)
        return Patience(tries, now + delay, now)

    def _delay(self) -> float:
        return min(LONGEST_DELAY, FIRST_DELAY * 2.0**self.tries)


def left_down(found: ObservedContainer) -> bool:
    """Whether an exited container is to stay so: told to, or ended otherwise than by being killed.

    What ends by itself comes back through Docker's restart policy; so what is down with another code was
    stopped by somebody.
    """
    return found.state != "exited" or found.stays_down or found.exit_code != KILLED


def silent(answer: Answer) -> bool:
    """Whether a liveness answer means that the process hangs; a page that does not exist says nothing."""
    return not answer.ok and not answer.output.startswith(_NO_SUCH_PAGE)
