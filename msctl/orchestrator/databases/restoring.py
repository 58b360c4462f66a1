"""Replacing everything that a database holds: by a backup, or by what another database does."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from msctl.engine.port import Engine
from msctl.errors import Interrupted, MsctlError
from msctl.orchestrator.databases.backups import backup, opened
from msctl.orchestrator.databases.checking import ANOTHER, require_fit
from msctl.orchestrator.databases.place import Place
from msctl.orchestrator.databases.transfer import dump, restore


class RestoreFailed(MsctlError):
    """What the database holds now is told, and where to find what it held before."""

    code = "restore-failed"


def restore_backup(engine: Engine, place: Place, source: Path, before: Path) -> None:
    """Replace what the database holds by a backup, which is looked at first.

    ``before`` is where the old content is kept while MariaDB, which cannot change at once, takes the new.
    """
    with opened(source) as dumped:
        require_fit(dumped, place.engine, str(source))
    with opened(source) as dumped:
        _replace(engine, place, dumped, before)


def clone(engine: Engine, source: Place, target: Place, before: Path) -> None:
    """Replace everything that one database holds by what another one does; ``before`` as in a restore."""
    with tempfile.TemporaryFile() as between:
        for piece in dump(engine, source):
            between.write(piece)
        between.seek(0)
        require_fit(between, target.engine, source.container)
        between.seek(0)
        _replace(engine, target, between, before)


def _replace(engine: Engine, place: Place, dumped: IO[bytes], before: Path) -> None:
    if place.engine == "mariadb":
        with _kept(engine, place, before):
            restore(engine, place, dumped)
        return
    try:
        restore(engine, place, dumped)
    except KeyboardInterrupt as exc:
        raise Interrupted(
            f"interrupted; {place.container} holds either what it did before or the whole new content"
        ) from exc


@contextmanager
def _kept(engine: Engine, place: Place, before: Path) -> Iterator[None]:
    """Keep what the database holds until the block has replaced it; a failure puts it back."""
    try:
        backup(engine, place, before)
    except MsctlError as exc:
        empty = f"DROP DATABASE `{place.service}`; CREATE DATABASE `{place.service}`"
        raise RestoreFailed(
            f"nothing was changed: what {place.container} holds could not be kept: {exc.message}",
            f"mend it, or throw it away first: msctl db shell {place.service} -c '{empty}'",
        ) from exc
    comes_back = f"what it held before comes back by: msctl db restore {place.service} {before}"
    try:
        yield
    except KeyboardInterrupt as exc:
        raise Interrupted(f"interrupted; {place.container} may hold a part only", comes_back) from exc
    except MsctlError as exc:
        _put_back(engine, place, before, exc, comes_back)
    before.unlink(missing_ok=True)


def _put_back(engine: Engine, place: Place, before: Path, failure: MsctlError, comes_back: str) -> None:
    try:
        with opened(before) as held:
            restore(engine, place, held)
    except MsctlError as exc:
        raise RestoreFailed(f"{failure.message}; a part of it may be there", comes_back) from exc
    before.unlink(missing_ok=True)
    raise RestoreFailed(
        f"{failure.message}; {place.container} holds what it did before", ANOTHER
    ) from failure
