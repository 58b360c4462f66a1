"""Pure difference between the entries that should be in Consul and those that are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from msctl.registry.entry import Entry, FoundEntry


@dataclass(frozen=True, slots=True)
class EntryChanges:
    """What makes Consul equal to what is wanted; registering an id that exists replaces it."""

    to_register: tuple[Entry, ...] = ()
    to_deregister: tuple[FoundEntry, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.to_register or self.to_deregister)


def reconcile_entries(
    wanted: Sequence[Entry],
    found: Sequence[FoundEntry],
    *,
    project: str,
    self_registered: Collection[str] = (),
) -> EntryChanges:
    """Compare by id and content, touching only entries of ``project``.

    ``self_registered`` are ids of running instances that look after their own entry: left alone.
    An entry that sits on two nodes is a duplicate; all but the one in the catalog with the wanted
    content are removed.
    """
    wanted_by_id = {entry.id: entry for entry in wanted if entry.id not in self_registered}
    satisfied: set[str] = set()
    surplus: list[FoundEntry] = []
    for candidate in found:
        entry = candidate.entry
        if entry.project != project or entry.id in self_registered:
            continue
        if entry.id not in wanted_by_id or entry.id in satisfied:
            surplus.append(candidate)
        elif same_registration(wanted_by_id[entry.id], entry) and candidate.in_catalog:
            satisfied.add(entry.id)
    missing = tuple(entry for entry in wanted_by_id.values() if entry.id not in satisfied)
    return EntryChanges(missing, tuple(surplus))


def same_registration(wanted: Entry, found: Entry) -> bool:
    """Whether registering ``wanted`` would change nothing about ``found``."""
    return (
        wanted.name == found.name
        and (wanted.address, wanted.port) == (found.address, found.port)
        and sorted(wanted.tags) == sorted(found.tags)
        and dict(wanted.meta) == dict(found.meta)
        and wanted.check == found.check
    )
