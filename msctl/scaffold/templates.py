"""Templates: folders of Jinja files, ours or a team's own; ``template.yaml`` in each says what it can."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from msctl.errors import UsageError
from msctl.manifest.similar import closest

ABOUT = "template.yaml"
SUFFIX = ".jinja"
SHIPPED = ("python", "fastapi", "node", "image")
_PARTS = "_parts"
_KEYS = {
    "description": str,
    "extends": str,
    "events": bool,
    "image": bool,
    "tokens": bool,
    "test": str,
    "databases": list,
    "manifest": dict,
}


@dataclass(frozen=True, slots=True)
class Template:
    """A folder of files; ``manifest`` are keys that the service's entry in the manifest gets besides.

    It has all files of the shipped template that it ``extends``, but for those of which it has its own.
    """

    name: str
    folder: Path
    description: str = ""
    extends: str | None = None
    events: bool = True
    image: bool = False
    tokens: bool = True
    test: str | None = None
    databases: tuple[str, ...] = ("postgres", "mariadb", "redis", "none")
    manifest: Mapping[str, Any] = field(default_factory=dict)

    @property
    def folders(self) -> tuple[Path, ...]:
        """Its own folder, and those of the templates that it extends, nearest first."""
        return (self.folder, *(shipped(self.extends).folders if self.extends else ()))

    def files(self) -> Iterator[tuple[str, Path]]:
        """Every file with its path in the template, in order; parts that others include are left out."""
        found: dict[str, Path] = {}
        for folder in reversed(self.folders):
            found.update(_files(folder))
        yield from sorted(found.items())


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in folder.rglob("*"):
        name = path.relative_to(folder)
        if path.is_file() and name.parts[0] not in (_PARTS, ABOUT) and "__pycache__" not in name.parts:
            yield name.as_posix(), path


def shipped(name: str) -> Template:
    """One of the templates of this package."""
    return _read(name, Path(str(files("msctl.scaffold") / "templates" / name)))


def find_template(name: str, here: Path) -> Template:
    """A shipped template by its name, or a team's own by the path of its folder."""
    if name in SHIPPED:
        return shipped(name)
    folder = here / Path(name).expanduser()
    if folder.is_dir():
        return _read(folder.name, folder)
    near = closest(name, SHIPPED)
    hint = f"did you mean '{near}'?" if near else f"one of {', '.join(SHIPPED)}, or the path of a folder"
    raise UsageError(f"--template: there is no template '{name}'", hint)


def _read(name: str, folder: Path) -> Template:
    path = folder / ABOUT
    if not path.is_file():
        return Template(name, folder)
    try:
        about = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}", "mend the template") from error
    if not isinstance(about, dict):
        raise UsageError(f"{path} is not a mapping", f"keys: {', '.join(_KEYS)}")
    for key, value in about.items():
        if key not in _KEYS or not isinstance(value, _KEYS[key]):
            raise UsageError(f"{path}: '{key}' is not understood", f"keys: {', '.join(_KEYS)}")
    if about.get("extends") is not None and about["extends"] not in SHIPPED:
        raise UsageError(f"{path}: extends '{about['extends']}'", f"one of {', '.join(SHIPPED)}")
    if "databases" in about:
        about["databases"] = tuple(str(one) for one in about["databases"])
    return Template(name, folder, **about)
