"""The project's folder on the caller's machine: ``.msctl`` with credentials, logs and the lock."""

from __future__ import annotations

import json
import os
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from msctl.errors import MsctlError, is_full, remedy_of
from msctl.orchestrator.locking import locked

_OURS = "let it be read and written: msctl keeps generated credentials there"


@dataclass(frozen=True, slots=True)
class Workspace:
    """``.msctl`` beside the manifest; mode 0700, its files 0600."""

    folder: Path

    @classmethod
    def of(cls, project_folder: Path) -> Workspace:
        """The workspace of the project in ``project_folder``; made when first written to."""
        return cls(project_folder.resolve() / ".msctl")

    @property
    def origin(self) -> str:
        """What tells this checkout from others on one engine: host and path."""
        return f"{socket.gethostname()}:{self.folder.parent}"

    @property
    def logs(self) -> Path:
        """Where full build logs are kept."""
        return self.folder / "logs"

    def prepare(self) -> None:
        """Make the folder, private and ignored by git."""
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            self.folder.chmod(0o700)
        except OSError as exc:
            raise MsctlError(f"cannot write {self.folder}: {exc.strerror}", _remedy(exc)) from exc
        ignore = self.folder / ".gitignore"
        if not ignore.is_file() or not ignore.stat().st_size:
            self._replace(ignore, "*\n")

    def read(self, name: str) -> Mapping[str, str]:
        """A JSON object of strings; empty if the file does not exist."""
        path = self.folder / name
        try:
            values = json.loads(path.read_text())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as exc:
            raise MsctlError(f"cannot read {path}: {exc}", "remove the file; 'up' makes it anew") from exc
        if not isinstance(values, dict) or not all(isinstance(v, str) for v in values.values()):
            raise MsctlError(f"{path} is not what msctl wrote", "remove the file; 'up' makes it anew")
        return values

    def write(self, name: str, values: Mapping[str, str]) -> None:
        """Replace a JSON file in one step, so that a crash or a full disk leaves the old one whole."""
        self.prepare()
        self._replace(self.folder / name, json.dumps(dict(values), indent=1, sort_keys=True))

    def lines(self, name: str) -> list[str]:
        """The lines of a file, oldest first; none if it does not exist."""
        path = self.folder / name
        try:
            return path.read_text().splitlines()
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as exc:
            raise MsctlError(f"cannot read {path}: {exc}", _OURS) from exc

    def append(self, name: str, line: str, *, keep: int) -> None:
        """Add a line, keeping the last ``keep``; in one step, like ``write``."""
        self.prepare()
        kept = [*self.lines(name), line][-keep:]
        self._replace(self.folder / name, "".join(f"{text}\n" for text in kept))

    def forget(self, name: str) -> None:
        """Remove a file; absent is fine."""
        path = self.folder / name
        try:
            path.unlink(missing_ok=True)
        except OSError as exc:
            raise MsctlError(f"cannot remove {path}: {exc.strerror}", _OURS) from exc

    @contextmanager
    def lock(self, command: str) -> Iterator[None]:
        """Hold the project's lock; raises ``Locked`` with the holder's pid and command."""
        self.prepare()
        with locked(self.folder / "lock", command):
            yield

    def _replace(self, path: Path, text: str) -> None:
        """Write the whole file or leave the old one."""
        temporary = None
        try:
            descriptor, temporary = tempfile.mkstemp(dir=self.folder, prefix=f".{path.name}.")
            with os.fdopen(descriptor, "w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except OSError as exc:
            if temporary is not None:
                Path(temporary).unlink(missing_ok=True)
            raise MsctlError(f"cannot write {path}: {exc.strerror}", _remedy(exc)) from exc


def _remedy(error: OSError) -> str:
    return remedy_of(error) if is_full(error) else _OURS
