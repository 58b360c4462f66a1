"""Failures of this machine's own files while images are made, as errors of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msctl.errors import ImageError


@contextmanager
def using_files(message: str, place: Path | None = None) -> Iterator[None]:
    """Turn ``OSError`` into ``ImageError`` with path and reason; ``place`` stands in where it names no path.

    A broken pipe passes: it is that of whoever reads our output.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        path = error.filename or place
        where = f"{path}: " if path else ""
        raise ImageError(f"{message}: {where}{error.strerror or error}") from error
