"""A new password for a service's database while the service serves.

Two passwords are valid for as long as instances with the old one and with the new one run beside each other.
The workspace says which, so that the next ``up`` ends a rotation wherever it was interrupted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from msctl.errors import MsctlError, StartFailed
from msctl.model.project import Project
from msctl.orchestrator.credentials import CredentialStore
from msctl.orchestrator.databases.place import place_of
from msctl.orchestrator.up import Up
from msctl.plan.operations import AwaitReady, Plan


class NotSettled(MsctlError):
    """No password was changed, since the service is not running as its manifest says."""

    code = "not-settled"


def begin_rotation(up: Up, project: Project, service: str) -> bool:
    """Make the new password, for ``up`` to bring in; false when an interrupted rotation has made it.

    Raises ``NotSettled`` where ``up`` would do anything else as well.
    """
    place_of(up.engine, project, service)
    store = CredentialStore(up.workspace)
    if store.rotates(service):
        return False
    _require_settled(up.preview(project), service)
    store.begin_rotation(service)
    return True


@contextmanager
def telling_both_are_valid(up: Up, service: str) -> Iterator[None]:
    """Let a failure say that no password was taken away before its successor was in use."""
    try:
        yield
    except StartFailed as error:
        if not CredentialStore(up.workspace).rotates(service):
            raise
        hint = f"{error.hint}; until then the old password of the database is valid beside the new one"
        raise StartFailed(error.message, error.cards, hint) from error


def _require_settled(plan: Plan, service: str) -> None:
    """A database is also waited for where no instance tells that it is well, as of a service at rest."""
    waiting = [
        operation
        for operation in plan.operations
        if not (isinstance(operation, AwaitReady) and operation.spec.role == "database")
    ]
    if waiting:
        first = waiting[0]
        others = f", and {len(waiting) - 1} more" if len(waiting) > 1 else ""
        raise NotSettled(
            f"the password of '{service}' was not changed: 'up' has something to do first "
            f"({first.id}: {first.reason}{others})",
            "msctl up, then try again",
        )
