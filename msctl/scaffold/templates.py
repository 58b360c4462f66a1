"""Templates: folders of Jinja files, ours or a team's own; ``template.yaml`` in each says what it can."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from msctl.errors import UsageError
from msctl.manifest.suggest import closest

ABOUT = "template.yaml"
SUFFIX = ".jinja"
SHIPPED = ("python", "node", "image")
_PARTS = "_parts"
_KEYS = {
    "description": str,
    "events": bool,
    "image": bool,
    "tokens": bool,
    "test": str,
    "databases": list,
    "manifest": dict,
}


@dataclass(frozen=True, slots=True)
class Template:
    """A folder of files; ``manifest`` are keys that the service's entry in the manifest gets besides."""

    name: str
    folder: Path
    description: str = ""
    events: bool = True
    image: bool = False
    tokens: bool = True
    test: str | None = None
    databases: tuple[str, ...] = ("postgres", "mariadb", "redis", "none")
    manifest: Mapping[str, Any] = field(default_factory=dict)

    def files(self) -> Iterator[tuple[str, Path]]:
        """Every file with its path in the template, in order; parts that others include are left out."""
        for path in sorted(self.folder.rglob("*")):
            name = path.relative_to(self.folder)
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
        raise UsageError(f"{path} cannot be read: {error}") from error
    if not isinstance(about, dict):
        raise UsageError(f"{path} is not a mapping", f"keys: {', '.join(_KEYS)}")
    for key, value in about.items():
        if key not in _KEYS or not isinstance(value, _KEYS[key]):
            raise UsageError(f"{path}: '{key}' is not understood", f"keys: {', '.join(_KEYS)}")
    if "databases" in about:
        about["databases"] = tuple(str(one) for one in about["databases"])
    return Template(name, folder, **about)
