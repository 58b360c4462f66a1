"""A plan that is only looked at: what would be done, why, and what it would cost."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from msctl.plan.operations import (
    CreateContainer,
    Operation,
    Plan,
    RemoveContainer,
    RemoveVolume,
    StopContainer,
)

_MARKS = {"create": "+", "remove": "-", "build": "+", "start": "+", "update files of": "~"}
_MARKS |= {"drop the former password of": "-"}


def downtime(plan: Plan, operation: Operation) -> bool:
    """Whether calls would go without an answer for a moment: it is replaced and nobody stands in."""
    if not isinstance(operation, RemoveContainer | StopContainer):
        return False
    made_again = any(
        isinstance(o, CreateContainer) and o.subject == operation.subject for o in plan.operations
    )
    rolling = {rolling.service for rolling in plan.rollings}
    return made_again and (operation.service is None or operation.service not in rolling)


def loses_data(operation: Operation) -> bool:
    """Whether data would be gone."""
    return isinstance(operation, RemoveVolume)


def plan_json(plan: Plan) -> dict[str, Any]:
    """The plan as plain values."""
    return {
        "changes": [
            {
                "id": o.id,
                "verb": o.verb,
                "subject": o.subject,
                "service": o.service,
                "reason": o.reason,
                "after": list(o.after),
                "downtime": downtime(plan, o),
                "data_loss": loses_data(o),
            }
            for o in plan.changes
        ],
        "rolling": [rolling.service for rolling in plan.rollings],
    }


def plan_text(plan: Plan) -> Text:
    """One line for each change."""
    text = Text()
    for operation in plan.changes:
        text.append(f"{_MARKS.get(operation.verb, ' ')} {operation.verb} {operation.subject}", "bold")
        text.append(f"  {operation.reason}")
        if downtime(plan, operation):
            text.append("  (downtime)", "yellow")
        if loses_data(operation):
            text.append("  (data lost)", "red")
        text.append("\n")
    for rolling in plan.rollings:
        text.append(f"'{rolling.service}' is updated while it serves\n", "green")
    return text
