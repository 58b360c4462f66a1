"""Writes the pages of docs/ that are made from code: the command line and the manifest.

A test holds the written pages against this, so that they cannot grow old.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from msctl.cli.app import app
from msctl.manifest.document import fields as f
from msctl.manifest.document.root import ManifestKeys
from msctl.manifest.known import inside, keys_below

DOCS = Path(__file__).parents[1] / "docs"
_BLANKS = re.compile(r"\s+")
_COMMANDS = """\
# The command line

Made from the code by `python -m tools.docs`. Answers go to stdout, all else to stderr. Exit codes: 0 all
good · 1 failed or not healthy · 2 wrong usage or manifest · 3 no container engine · 4 changes found by
`plan --detailed-exitcode` · 130 interrupted.

The options of `msctl` itself may also follow a command, unless it has one of that name.
"""
_MANIFEST = """\
# The manifest

Every key of `msctl.yaml`, made from the code by `python -m tools.docs`. `msctl manifest reference` prints one
commented manifest with all of them, `msctl schema` the JSON Schema, `msctl config` what takes effect here.
"""


def command_line() -> str:
    """Every command with its arguments, options and examples."""
    root: Any = get_command(app)
    lines = [*_COMMANDS.splitlines(), "", *_options(root)]
    for words, command in _commands(root, ("msctl",)):
        lines += [f"## {' '.join(words)}", "", *_text(command), *_options(command)]
    return _joined(lines)


def manifest() -> str:
    """Every key of the manifest with its default."""
    lines = [*_MANIFEST.splitlines(), ""]
    for path, keys in _sections(ManifestKeys, ()):
        about = _BLANKS.sub(" ", keys.__doc__ or "").strip()
        lines += [f"## {'.'.join(path) or 'at the top'}", "", about, ""]
        lines += ["| key | default | what it is for |", "|---|---|---|"]
        lines += [*(_row(name, field) for name, field in keys.model_fields.items()), ""]
    return _joined(lines)


PAGES = {"command-line.md": command_line, "manifest.md": manifest}


def _joined(lines: list[str]) -> str:
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def _commands(group: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in sorted(group.commands.items()):
        if getattr(command, "hidden", False):
            continue
        below = getattr(command, "commands", None)
        if below is None or getattr(command, "invoke_without_command", False):
            yield (*words, name), command
        if below is not None:
            yield from _commands(command, (*words, name))


def _text(command: Any) -> Iterator[str]:
    """The help text, with its examples as code."""
    for block in re.split(r"\n\s*\n", (command.help or "").replace("\b", "").strip()):
        line = block.strip()
        is_example = line.startswith(("msctl ", "curl "))
        yield f"    {line}" if is_example else _BLANKS.sub(" ", line).replace("\\", "")
        if not is_example:
            yield ""
    yield ""


def _options(command: Any) -> Iterator[str]:
    rows = [_option(parameter) for parameter in command.params if not getattr(parameter, "hidden", False)]
    known = [row for row in rows if row is not None]
    if known:
        yield from ("| | |", "|---|---|", *known, "")


def _option(parameter: Any) -> str | None:
    about = _cell(getattr(parameter, "help", None) or "")
    if parameter.param_type_name == "argument":
        name = parameter.metavar or str(parameter.name).upper()
        return f"| `{_cell(name)}` | {about} |"
    if parameter.name in ("help", "install_completion", "show_completion"):
        return None
    names = ", ".join(f"`{name}`" for name in parameter.opts)
    value = "" if parameter.is_flag else f" {_cell(parameter.metavar or 'VALUE')}"
    return f"| {names}{value} | {about} |"


def _sections(keys: type[f.Keys], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], type[f.Keys]]]:
    yield path, keys
    for name, field in keys.model_fields.items():
        below, step = _below(field.annotation, name)
        if below is not None:
            yield from _sections(below, (*path, *step))


def _below(annotation: Any, name: str) -> tuple[type[f.Keys] | None, tuple[str, ...]]:
    step: tuple[str, ...] = (name,)
    while (found := keys_below(annotation)) is None:
        annotation = inside(annotation)
        if annotation is None:
            return None, step
        step = (*step, "*")
    return found, step


def _row(name: str, field: Any) -> str:
    if field.is_required():
        default = "must be given"
    elif field.default_factory is not None:
        default = "see below"
    else:
        default = "none" if field.default in (None, [], {}) else f"`{_plain(field.default)}`"
    return f"| `{name}` | {default} | {_cell(field.description or '')} |"


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _cell(text: str) -> str:
    return _BLANKS.sub(" ", text).strip().replace("|", "\\|")


def main() -> None:
    """Write the pages."""
    for name, make in PAGES.items():
        (DOCS / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()
