"""Debian roots as tar files: the base, fetched once and cached, and a role's packages upon it."""

from __future__ import annotations

import os
import subprocess
import tarfile
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from msctl.engine.images import bootstrap
from msctl.engine.images.apt_settings import AptSettings, AptSource, archived, sources_in
from msctl.engine.images.cache import locked
from msctl.engine.images.recipe import Recipe, digest
from msctl.errors import BuildFailed

_BASE_MAXIMUM_AGE = 7 * 24 * 3600.0
_SHOWN_LINES = 15

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class RootMaker:
    """Makes roots with this machine's settings; ``clock`` gives seconds since the epoch."""

    cache: Path
    apt: AptSettings
    proxies: Mapping[str, str]
    clock: Callable[[], float] = time.time

    def base(self, recipe: Recipe, log: Path, report: Report) -> Path:
        """The base root, made unless a recent one with the same content and sources is cached."""
        path = self.cache / f"base-{digest(repr((recipe, self.apt)))[:16]}.tar"
        with locked(self.cache, "base"):
            if not path.is_file() or self.clock() - path.stat().st_mtime > _BASE_MAXIMUM_AGE:
                report("fetching a Debian root")
                for outdated in self.cache.glob("base-*.tar"):
                    outdated.unlink()
                with self._inputs() as inputs:
                    command = bootstrap.base_command(recipe, inputs, default_mirror=not self.apt.sources)
                    self._run(command, self.apt.sources, path, log, report)
        return path

    @contextmanager
    def role(self, recipe: Recipe, base: Path, stage: Path, log: Path, report: Report) -> Iterator[Path]:
        """A role's root as a temporary tar file; sources of an older release are looked for where it went."""
        with tempfile.TemporaryDirectory(prefix="root-", dir=self.cache) as folder:
            target = Path(folder) / f"{recipe.role}.tar"
            usual = self.apt.sources or _sources_of(base)
            attempts = _with_older_suite(usual, recipe.suite)
            with self._inputs(base, stage) as inputs:
                for number, sources in enumerate(attempts, start=1):
                    try:
                        self._run(
                            bootstrap.role_command(recipe, inputs, sources), sources, target, log, report
                        )
                        break
                    except BuildFailed:
                        if number == len(attempts):
                            raise
                        report(f"{recipe.suite} is not on this mirror any more; looking in its archive")
            yield target

    @contextmanager
    def _inputs(self, base: Path | None = None, stage: Path | None = None) -> Iterator[bootstrap.RootInputs]:
        with tempfile.NamedTemporaryFile("w", prefix="apt-", suffix=".conf", dir=self.cache) as options:
            options.write("".join(f"{line}\n" for line in self.apt.options))
            options.flush()
            yield bootstrap.RootInputs(Path(options.name), base, stage)

    def _run(
        self, command: Sequence[str], sources: Sequence[AptSource], target: Path, log: Path, report: Report
    ) -> None:
        environment = bootstrap.tool_environment(os.defpath, os.environ.get("TMPDIR"), self.proxies)
        partial = target.with_suffix(".partial")
        with partial.open("wb") as output:
            pipe = subprocess.PIPE
            process = subprocess.Popen(
                command, stdin=pipe, stdout=output, stderr=pipe, env=environment, text=True
            )
            lines = _converse(process, "".join(f"{source.line}\n" for source in sources), log, report)
        if process.returncode != 0:
            partial.unlink()
            raise BuildFailed("a Debian root could not be made", lines, str(log))
        partial.replace(target)


def _converse(process: subprocess.Popen[str], text: str, log: Path, report: Report) -> Sequence[str]:
    last: deque[str] = deque(maxlen=_SHOWN_LINES)
    with process, log.open("a", encoding="utf-8") as record:
        if process.stdin is None or process.stderr is None:
            raise BuildFailed("a Debian root could not be made: its tool has no pipes")
        with suppress(BrokenPipeError):  # a tool that ends before it reads says why on its stderr
            process.stdin.write(text)
            process.stdin.flush()
        with suppress(BrokenPipeError):
            process.stdin.close()
        for line in process.stderr:
            record.write(line)
            last.append(line.rstrip())
            if line.startswith("I: ") and not line.startswith("I: running -"):
                report(last[-1].removeprefix("I: "))
    return last


def _with_older_suite(usual: Sequence[AptSource], suite: str | None) -> Sequence[Sequence[AptSource]]:
    if suite is None:
        return [usual]
    live = AptSource(usual[0].uri, suite, usual[0].signed_by)
    return [[*usual, source] for source in (live, *archived(live))]


def _sources_of(base: Path) -> Sequence[AptSource]:
    with tarfile.open(base) as archive:
        member = archive.extractfile(f"./{bootstrap.KEPT_SOURCES}")
        return sources_in(member.read().decode()) if member else ()
