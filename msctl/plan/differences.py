"""What a container was made from against what it should be, field by field; pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msctl.plan.confighash import values_of

if TYPE_CHECKING:
    from msctl.model.desired import ContainerSpec

_SHOWN = 60
_MOST = 3


@dataclass(frozen=True, slots=True)
class Difference:
    """One field, by its path, before and after; ``None`` where it is absent. A secret is just ``changed``."""

    field: str
    old: str | None
    new: str | None

    def __str__(self) -> str:
        return f"{self.field}: {_short(self.old)} → {_short(self.new)}"


def described(spec: ContainerSpec) -> str:
    """The specification as the text of a label, secrets as the beginning of their digests."""
    return json.dumps(_flat(spec), sort_keys=True, separators=(",", ":"))


def differences(described_before: str, spec: ContainerSpec) -> tuple[Difference, ...]:
    """What changed since; nothing where the text is none of ours."""
    try:
        before = json.loads(described_before) if described_before else {}
    except ValueError:
        before = {}
    if not isinstance(before, dict) or not before:
        return ()
    now = _flat(spec)
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return tuple(_difference(name, before.get(name), now.get(name)) for name in sorted(names))


def summary(found: tuple[Difference, ...]) -> str:
    """The first few in one line."""
    more = f" and {len(found) - _MOST} more" if len(found) > _MOST else ""
    return "; ".join(map(str, found[:_MOST])) + more


def _difference(name: str, old: str | None, new: str | None) -> Difference:
    if name.startswith("secrets."):
        return Difference(name, old and "set", new and ("changed" if old else "set"))
    return Difference(name, old, new)


def _flat(spec: ContainerSpec) -> dict[str, str]:
    """Without addresses, which are given later and are no part of the wish."""
    values = {**values_of(spec), "image": spec.image, "image_identity": spec.image_identity[:19]}
    values["attachments"] = [attachment.network for attachment in spec.attachments]
    values["event_schemas"] = hashlib.sha256(spec.event_schemas.encode()).hexdigest()[:12]
    values["secrets"] = {f["name"]: f["content"][:12] for f in values["secrets"] if isinstance(f, Mapping)}
    return dict(_leaves("", values))


def _leaves(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(f"{path}.{key}" if path else str(key), item)
    elif value not in (None, [], "", False):
        yield path, value if isinstance(value, str) else json.dumps(value)


def _short(text: str | None) -> str:
    if text is None:
        return "none"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
