"""Whether one container stays, starts, or is made anew, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from msctl.model.observed import ObservedContainer


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with a container; ``config_hash`` is the one it should bear."""

    action: Literal["create", "recreate", "start", "keep"]
    reason: str
    config_hash: str


def decide(
    found: ObservedContainer | None,
    wanted_hash: str,
    origin: str,
    trouble: str | None = None,
    changed: str = "",
) -> Decision:
    """The decision for a container, given what was ``found`` under its name.

    ``trouble`` is a reason why it cannot go on as it is although its configuration is right, ``changed``
    what is known about a configuration that is not.
    """
    if found is None:
        return Decision("create", "missing", wanted_hash)
    if found.origin != origin:
        return Decision("recreate", f"adopted from {found.origin}", wanted_hash)
    if found.config_hash != wanted_hash:
        return Decision("recreate", changed or "its configuration changed", wanted_hash)
    if trouble is not None:
        return Decision("recreate", trouble, wanted_hash)
    return _by_state(found, wanted_hash)


def _by_state(found: ObservedContainer, wanted_hash: str) -> Decision:
    if found.state in {"running", "restarting"}:
        return Decision("keep", "unchanged", wanted_hash)
    if found.state == "exited":
        return Decision("start", "it had stopped", wanted_hash)
    return Decision("recreate", f"it was {found.state}", wanted_hash)
