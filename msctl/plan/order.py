"""Ordering operations by what they wait for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from graphlib import TopologicalSorter

from msctl.plan.operations import Operation, Plan
from msctl.plan.urgency import urgency


def ordered(operations: Iterable[Operation]) -> Plan:
    """A plan of ``operations``, of those that can begin together the most urgent first.

    Waiting for an operation that is not in it means it is already done.

    Raises ``graphlib.CycleError`` if they wait for each other, which is a bug of the planner.
    """
    by_id = {operation.id: operation for operation in operations}
    graph = {
        operation.id: tuple(wanted for wanted in operation.after if wanted in by_id)
        for operation in by_id.values()
    }
    sorter = TopologicalSorter(graph)
    sorter.prepare()
    names: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=lambda name: urgency(by_id[name]) or 0)
        names.extend(ready)
        sorter.done(*ready)
    return Plan(tuple(replace(by_id[name], after=graph[name]) for name in names))
