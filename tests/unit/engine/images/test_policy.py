"""Which ways to an image a policy and a pin leave open."""

from __future__ import annotations

import pytest

from msctl.engine.images.policy import Way, ways
from msctl.engine.images.roles import Wanted
from msctl.errors import ImageError
from msctl.model.project import ImagePolicy


@pytest.mark.parametrize(
    ("wanted", "policy", "expected"),
    [
        (Wanted("redis"), "auto", ("official present", "recipe present", "pull", "build")),
        (Wanted("redis"), "pull", ("official present", "pull")),
        (Wanted("redis"), "build", ("recipe present", "build")),
        (Wanted("runtime"), "pull", ("recipe present", "build")),
        (Wanted("postgres", version="16"), "auto", ("official present", "pull")),
        (Wanted("postgres", version="15"), "build", ("recipe present", "build")),
        (Wanted("postgres", image="house/postgres:17"), "auto", ("official present", "pull")),
        (Wanted("postgres", kind="recipe"), "auto", ("recipe present", "build")),
        (Wanted("postgres", kind="official"), "auto", ("official present", "pull")),
    ],
)
def test_ways(wanted: Wanted, policy: ImagePolicy, expected: tuple[Way, ...]) -> None:
    assert ways(wanted, policy) == expected


@pytest.mark.parametrize(
    ("wanted", "policy", "said"),
    [
        (Wanted("postgres", version="16"), "build", "recipe has postgres 15 only"),
        (Wanted("redis", image="house/redis:8"), "build", "pinned image house/redis:8"),
        (Wanted("redis", kind="recipe"), "pull", "its data was made by the recipe image"),
    ],
)
def test_a_dead_end_says_why(wanted: Wanted, policy: ImagePolicy, said: str) -> None:
    with pytest.raises(ImageError, match=said) as caught:
        ways(wanted, policy)
    assert caught.value.hint
