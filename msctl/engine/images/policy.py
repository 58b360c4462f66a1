"""Which ways to an image are open, in the order in which they are tried."""

from __future__ import annotations

from typing import Literal

from msctl.engine.images.roles import ROLES, Role, Wanted
from msctl.errors import ImageError
from msctl.model.project import ImagePolicy

Way = Literal["official present", "recipe present", "pull", "build"]

_WAYS: dict[ImagePolicy, tuple[Way, ...]] = {
    "auto": ("official present", "recipe present", "pull", "build"),
    "pull": ("official present", "pull"),
    "build": ("recipe present", "build"),
}
_OFFICIAL: tuple[Way, ...] = ("official present", "pull")


def ways(wanted: Wanted, policy: ImagePolicy) -> tuple[Way, ...]:
    """Ways that lead to ``wanted``; raises ``ImageError`` when policy and pins leave none."""
    role = ROLES[wanted.role]
    open_ways = tuple(way for way in _policy_of(role, policy) if _leads_to(way, wanted))
    if not open_ways:
        raise ImageError(*_dead_end(role, wanted, policy))
    return open_ways


def only_official(wanted: Wanted) -> bool:
    """Whether no recipe can serve ``wanted``."""
    role = ROLES[wanted.role]
    return wanted.image is not None or wanted.version not in (None, role.recipe_version)


def without_recipe(wanted: Wanted) -> str:
    """Why our recipe cannot stand in for a pinned image."""
    if wanted.image:
        return f"our recipe cannot stand in for the pinned image {wanted.image}"
    return f"our recipe has {wanted.role} {ROLES[wanted.role].recipe_version} only"


def _policy_of(role: Role, policy: ImagePolicy) -> tuple[Way, ...]:
    return _WAYS[policy] if role.official else _WAYS["build"]


def _leads_to(way: Way, wanted: Wanted) -> bool:
    if way in _OFFICIAL:
        return wanted.kind != "recipe"
    return wanted.kind != "official" and not only_official(wanted)


def _dead_end(role: Role, wanted: Wanted, policy: ImagePolicy) -> tuple[str, str]:
    subject = wanted.image or f"{role.name} {wanted.version or ''}".strip()
    reason = f"{subject} cannot be had with platform.images: {policy}"
    if only_official(wanted):
        return (
            f"{reason}; {without_recipe(wanted)}",
            "remove the pin, or set platform.images to auto or pull",
        )
    return f"{reason}: its data was made by the {wanted.kind} image", "set platform.images to auto"
