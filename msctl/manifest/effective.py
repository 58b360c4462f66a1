"""The manifest as it takes effect: every key with its value, and where that comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from msctl.manifest.document import fields as f
from msctl.manifest.document.root import ManifestKeys
from msctl.manifest.known import inside, keys_below
from msctl.manifest.nodes import Entry, Hidden, Mapping, Node, Path, Scalar, Sequence, dotted
from msctl.manifest.overlay import Overlay
from msctl.manifest.plain import matches, plain
from msctl.manifest.rules.services import NOT_EXTERNAL

_SHORT: dict[Path, str] = {("services", "*", "database"): "engine"}
_WIDE = 10_000
_MARGIN = 44


@dataclass(frozen=True, slots=True)
class Setting:
    """One line: a key at ``path``, its value unless further keys are below, and where it was said.

    ``line`` is absent for defaults.
    """

    path: Path
    value: object
    file: str | None = None
    line: int | None = None
    opens: bool = False

    @property
    def origin(self) -> str:
        """``msctl.yaml:7``, or ``default``."""
        return "default" if self.file is None else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class _Walk:
    file: str
    overlay: Overlay | None

    def place(self, node: Node) -> tuple[str, int]:
        """File and line of a value."""
        if self.overlay is not None and node.line > self.overlay.after:
            return self.overlay.name, node.line - self.overlay.after
        return self.file, node.line

    def value(self, node: Node | None, annotation: Any, path: Path, default: object) -> Iterator[Setting]:
        """The settings at ``path`` and below."""
        keys = keys_below(annotation)
        if keys is not None and not _is_short(node):
            short = next((word for pattern, word in _SHORT.items() if matches(path, pattern)), None)
            if isinstance(node, Scalar) and short and node.value is not None:
                node = Mapping(node.line, node.column, {short: _entry(short, node)})
            if isinstance(node, Mapping) or (node is None and default is ...):
                yield self._opening(node, path)
                yield from self._keys(node, keys, path)
                return
        if isinstance(node, Mapping) and node.entries and (below := inside(annotation)) is not None:
            yield self._opening(node, path)
            for name, entry in node.entries.items():
                yield from self.value(entry.value, below, (*path, name), None)
        elif isinstance(node, Sequence) and any(isinstance(i, Mapping) for i in node.items):
            yield self._opening(node, path)
            for index, item in enumerate(node.items):
                yield from self.value(item, inside(annotation), (*path, index), None)
        elif node is None:
            yield Setting(path, [] if default is ... else default)
        else:
            yield Setting(path, _shown(plain(node, path)), *self.place(node))

    def _keys(self, node: Node | None, keys: type[f.Keys], path: Path) -> Iterator[Setting]:
        for name, field in keys.model_fields.items():
            given = node.get(name) if isinstance(node, Mapping) else None
            if given is None and name in NOT_EXTERNAL and _is_external(node):
                continue
            default = field.default if field.default_factory is None and not field.is_required() else ...
            if given is not None or not field.is_required():
                yield from self.value(given, field.annotation, (*path, name), default)

    def _opening(self, node: Node | None, path: Path) -> Setting:
        if node is None:
            return Setting(path, None, opens=True)
        file, line = self.place(node)
        return Setting(path, None, file, line, opens=True)


def effective(root: Node, file: str, overlay: Overlay | None = None) -> list[Setting]:
    """Every setting of a valid manifest in the order of the reference."""
    return list(_Walk(file, overlay).value(root, ManifestKeys, (), ...))[1:]


def as_yaml(settings: list[Setting]) -> str:
    """A manifest that means the same, each value with where it comes from; what is not set is a comment."""
    full = {parent for setting in settings if not _is_unset(setting) for parent in _parents(setting.path)}
    return "".join(f"{_line(setting, empty=setting.path not in full)}\n" for setting in settings)


def as_json(settings: list[Setting]) -> str:
    """One object for each value: path, value, origin."""
    told = [{"path": dotted(s.path), "value": s.value, "origin": s.origin} for s in settings if not s.opens]
    return json.dumps(told, indent=2)


def _parents(path: Path) -> list[Path]:
    return [path[:length] for length in range(1, len(path))]


def _is_unset(setting: Setting) -> bool:
    return not setting.opens and setting.file is None and setting.value in (None, [], {})


def _line(setting: Setting, *, empty: bool) -> str:
    *parents, last = setting.path
    indent = "  " * len(parents)
    head = f"{indent}-" if isinstance(last, int) else f"{indent}{last}:"
    if _is_unset(setting):
        return f"{indent}# {last}: none"
    if setting.opens and not empty:
        return head if setting.file is None else f"{head:<{_MARGIN}} # {setting.origin}"
    text = f"{head} {{}}" if setting.opens else f"{head} {_flow(setting.value)}"
    return f"{text:<{_MARGIN}} # {setting.origin}"


def _flow(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = yaml.safe_dump([value], default_flow_style=True, sort_keys=False, width=_WIDE, allow_unicode=True)
    return text.strip().removeprefix("[").removesuffix("]")


def _entry(name: str, node: Scalar) -> Entry:
    return Entry(Scalar(node.line, node.column, name, name), node)


def _shown(value: Any) -> Any:
    """``value`` with text that came out of variables as ordinary text."""
    if isinstance(value, dict):
        return {key: _shown(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shown(item) for item in value]
    return str(value) if isinstance(value, Hidden) else value


def _is_external(node: Node | None) -> bool:
    """Whether a service runs elsewhere, so that much of it is nothing that msctl could set."""
    return isinstance(node, Mapping) and node.get("external") is not None


def _is_short(node: Node | None) -> bool:
    """Whether a mapping is turned off or named by one word that stays as it is."""
    return isinstance(node, Scalar) and (node.value is False or node.value == "off")
