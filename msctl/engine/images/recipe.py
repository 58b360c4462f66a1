"""Recipes: the files that a role's image is made of, and their hash."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

_COMMON = "root"


@dataclass(frozen=True, slots=True)
class Recipe:
    """One role's recipe: a Debian root with packages, imported as one layer; perhaps a Dockerfile upon it.

    ``prepare`` and ``finish`` are shell scripts run in the root before and after the packages come. ``stage``
    are names and texts of files that ``finish`` finds in ``/stage``.
    ``suite`` is a Debian release that is needed besides the usual one. ``configuration`` holds
    Dockerfile instructions without files (``ENV``, ``USER``, …), given to the import because each one
    would cost a second as a build step. ``dockerfile`` is for what changes more often than the root.
    """

    role: str
    packages: tuple[str, ...]
    excludes: tuple[str, ...] = ()
    suite: str | None = None
    prepare: str = ""
    finish: str = ""
    entrypoint: str = ""
    stage: tuple[tuple[str, str], ...] = ()
    configuration: tuple[str, ...] = ()
    dockerfile: str = ""


def load_recipe(role: str) -> Recipe:
    """The recipe shipped in this package for ``role``."""
    own = files("msctl.engine.images") / "recipes" / role
    return Recipe(
        role=role,
        packages=_lines(own, "packages"),
        excludes=base_recipe().excludes + _lines(own, "excludes"),
        suite=next(iter(_lines(own, "suite")), None),
        prepare=_text(own, "prepare.sh"),
        finish=_text(own, "finish.sh"),
        entrypoint=_text(own, "entrypoint"),
        stage=_texts(own / "stage"),
        configuration=_lines(own, "configuration"),
        dockerfile=_text(own, "Dockerfile"),
    )


def base_recipe() -> Recipe:
    """The Debian root that all roles start from."""
    common = files("msctl.engine.images") / "recipes" / _COMMON
    return Recipe("base", _lines(common, "packages"), _lines(common, "excludes"))


def root_hash(recipe: Recipe, base: Recipe, inputs: Iterable[str] = ()) -> str:
    """Hash of what a role's root is made of; ``inputs`` are what goes into it besides the recipe.

    How roots are made counts too, so the arguments of the tool enter as the source that builds them.
    """
    names = ("packages", "excludes", "suite", "prepare", "finish", "entrypoint", "stage", "configuration")
    own = (repr(getattr(recipe, name)) for name in names)
    tool = (files("msctl.engine.images") / "bootstrap.py").read_text(encoding="utf-8")
    return digest(repr(base), recipe.role, tool, *own, *inputs)


def digest(*parts: str) -> str:
    """SHA-256 over ``parts``, each kept apart from the next, as 64 hex digits; file names of any bytes."""
    total = hashlib.sha256()
    for part in parts:
        data = os.fsencode(part)
        total.update(f"{len(data)}:".encode() + data)
    return total.hexdigest()


def _text(folder: Traversable, name: str) -> str:
    item = folder / name
    return item.read_text(encoding="utf-8") if item.is_file() else ""


def _texts(folder: Traversable) -> tuple[tuple[str, str], ...]:
    found = folder.iterdir() if folder.is_dir() else ()
    return tuple(sorted((item.name, item.read_text(encoding="utf-8")) for item in found))


def _lines(folder: Traversable, name: str) -> tuple[str, ...]:
    return tuple(line for line in _text(folder, name).splitlines() if line)
