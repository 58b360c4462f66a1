"""Finding and reading the file: the only place that opens a manifest."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from msctl.errors import ManifestInvalid
from msctl.model.problem import ManifestProblem

NAME = "msctl.yaml"
LARGEST = 1024 * 1024
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Source:
    """A manifest's text without its byte order mark; ``revision`` is the SHA-256 of its bytes."""

    name: str
    text: str
    revision: str

    @property
    def lines(self) -> tuple[str, ...]:
        """The text's lines as YAML counts them."""
        return tuple(re.split("\r\n|\r|\n|\x85|\u2028|\u2029", self.text))


def find_manifest(start: Path) -> Path:
    """The nearest ``msctl.yaml`` in ``start`` or a folder above it."""
    folder = start.resolve()
    for candidate in (folder, *folder.parents):
        if (candidate / NAME).is_file():
            return candidate / NAME
    message = f"no {NAME} in {folder} or any folder above it"
    raise ManifestInvalid(
        message, hint=f"go to the project's folder, or name the file: --file path/to/{NAME}"
    )


def read(path: Path) -> Source:
    """Read a manifest; too big, not text or not there is ``ManifestInvalid``."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError as exc:
        raise ManifestInvalid(f"no manifest at {path}", hint=f"a manifest is a file named {NAME}") from exc
    except OSError as exc:
        raise ManifestInvalid(
            f"cannot read {path}: {exc.strerror}", hint=f"a manifest is a file named {NAME}"
        ) from exc
    if len(data) > LARGEST:
        raise _refuse(path, "the file is too big", f"a manifest has at most {LARGEST} bytes")
    return decode(_shown(path), data)


def decode(name: str, data: bytes) -> Source:
    """Turn a file's bytes into text; ``ManifestInvalid`` where they are none."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        before = data[: exc.start].decode("utf-8-sig", "replace")
        raise _refuse_at(name, before, "this is not UTF-8 text", "save the file as UTF-8") from exc
    if match := _CONTROL.search(text):
        code = f"U+{ord(match[0]):04X}"
        raise _refuse_at(name, text[: match.start()], f"control character {code}", "remove it")
    return Source(name, text, hashlib.sha256(data).hexdigest())


def _shown(path: Path) -> str:
    """The file as messages name it: relative to the caller's folder if it lies below, else its bare name."""
    absolute = path.absolute()
    return str(absolute.relative_to(Path.cwd())) if absolute.is_relative_to(Path.cwd()) else path.name


def _refuse(path: Path, what: str, hint: str) -> ManifestInvalid:
    name = _shown(path)
    return ManifestInvalid(f"{name} is not valid", [ManifestProblem(name, 1, 1, "", what, hint)])


def _refuse_at(name: str, before: str, what: str, hint: str) -> ManifestInvalid:
    lines = re.split("\r\n|\r|\n", before)
    problem = ManifestProblem(name, len(lines), len(lines[-1]) + 1, "", what, hint, lines[-1])
    return ManifestInvalid(f"{name} is not valid", [problem])
