"""Template files → files of a service: names and contents filled in; pure but for reading the template."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from msctl.errors import UsageError
from msctl.scaffold.templates import SUFFIX, Template

_DOT = "dot_"
_EXECUTABLE = 0o111


@dataclass(frozen=True, slots=True)
class Rendered:
    """One file to be written."""

    content: bytes
    executable: bool = False


def render(template: Template, variables: Mapping[str, Any]) -> dict[str, Rendered]:
    """The files by path; ``*.jinja`` is filled in and left out where nothing remains, others are copied."""
    environment = _environment(template)
    found: dict[str, Rendered] = {}
    for name, path in template.files():
        try:
            target = _target(environment.from_string(name).render(variables))
            content = path.read_bytes()
            if name.endswith(SUFFIX):
                text = environment.get_template(name).render(variables)
                content = _tidy(text).encode()
        except (TemplateError, UnicodeDecodeError) as error:
            raise UsageError(
                f"the template's file {path} cannot be filled in: {error}", "mend the template"
            ) from error
        if content or not name.endswith(SUFFIX):
            found[target] = Rendered(content, bool(path.stat().st_mode & _EXECUTABLE))
    return found


def identifier(text: str) -> str:
    """``payment.*`` → ``payment_any``: a word for names in code."""
    words = text.replace("*", "any").replace("#", "all")
    return re.sub(r"\W+", "_", words).strip("_").lower()


def _environment(template: Template) -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        loader=FileSystemLoader(template.folders),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["identifier"] = identifier
    return environment


def _target(name: str) -> str:
    parts = name.removesuffix(SUFFIX).split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise UsageError(f"the template's file name '{name}' leads elsewhere", "mend the template")
    return "/".join("." + part.removeprefix(_DOT) if part.startswith(_DOT) else part for part in parts)


def _tidy(text: str) -> str:
    """``text`` with one line end at its end and none at its beginning; empty if nothing is in it."""
    stripped = text.strip("\n")
    return f"{stripped}\n" if stripped.strip() else ""
