"""Which words a service's own Python package cannot be named by."""

from __future__ import annotations

import keyword
import sys
from importlib.metadata import packages_distributions

_BESIDE_IT = frozenset({"migrations", "msctl", "tests"})
"""Folders of a service, and of msctl where it is worked on."""

_OF_TEMPLATES = frozenset({"anyio", "fastapi", "starlette"})
"""What only the services of some templates import."""


def is_taken(word: str) -> bool:
    """Whether ``import word`` would find, or hide, another package in a service on the chassis.

    What the chassis needs is installed here, too.
    """
    return (
        keyword.iskeyword(word)
        or word in sys.stdlib_module_names
        or word in _BESIDE_IT | _OF_TEMPLATES
        or word in packages_distributions()
    )
