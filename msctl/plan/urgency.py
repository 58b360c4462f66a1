"""Whose container is started first when all could be: what boots longest, what others are asked through.

And whose nobody waits for.
"""

from __future__ import annotations

from msctl.plan.operations import CreateContainer, CreateNetwork, FillSecrets, Operation, StartContainer

_ROLES = {"broker": 1, "gateway": 2, "registry": 3, "database": 3, "service": 4}
_OTHERS = 5
UNAWAITED = frozenset({"metrics"})
"""Roles that ``up`` starts and does not wait for: nothing needs them, and the agent enters them."""


def urgency(operation: Operation) -> int | None:
    """Lower is sooner; ``None`` for what is no work of the engine's that one could put off."""
    if isinstance(operation, CreateNetwork):
        return 0 if operation.spec.addressed else _ROLES["database"]
    if isinstance(operation, FillSecrets):
        return 0
    if isinstance(operation, CreateContainer | StartContainer):
        return _ROLES.get(operation.spec.role, _OTHERS)
    return None
