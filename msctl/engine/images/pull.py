"""Pulling an image without hanging on an image registry that does not answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any

import docker
import docker.errors
import requests.exceptions

from msctl.engine.images.docker_build import translated
from msctl.errors import ImageError
from msctl.events import Sink, StepProgress

FIRST_ANSWER_SECONDS = 8.0
"""How long the image registry may take until the first line of progress."""

SILENCE_SECONDS = 90.0
"""How long a pull that began may say nothing."""

_Line = Mapping[str, Any]
_END: _Line = {}


def pull_image(
    client: docker.DockerClient,
    reference: str,
    subject: str,
    sink: Sink,
    first_answer: float = FIRST_ANSWER_SECONDS,
    silence: float = SILENCE_SECONDS,
) -> str:
    """Pull ``reference`` and return the image's id; raises ``ImageError`` when that cannot be done."""
    with translated(f"{reference} could not be pulled"):
        for line in _bounded(lambda: _progress(client, reference), first_answer, silence):
            if "error" in line:
                raise ImageError(f"{reference} could not be pulled: {line['error']}")
            sink.emit(StepProgress(subject, " ".join(filter(None, (line.get("id"), line.get("status"))))))
        return str(client.images.get(reference).id)


def _progress(client: docker.DockerClient, reference: str) -> Iterator[_Line]:
    repository, tag = _split(reference)
    lines: Iterator[_Line] = client.api.pull(repository, tag=tag, stream=True, decode=True)
    return lines


def _split(reference: str) -> tuple[str, str | None]:
    if "@" in reference:
        return reference, None
    repository, colon, tag = reference.rpartition(":")
    return (repository, tag) if colon and "/" not in tag else (reference, "latest")


def _bounded(open_lines: Callable[[], Iterator[_Line]], first: float, silence: float) -> Iterator[_Line]:
    """Lines as they come; the reader is left behind when it is silent too long, and ends by itself."""
    queue: SimpleQueue[_Line | Exception] = SimpleQueue()
    abandoned = Event()
    Thread(target=_read, args=(open_lines, queue, abandoned), daemon=True, name="pull").start()
    patience = first
    try:
        while (item := _next(queue, patience)) is not _END:
            if isinstance(item, Exception):
                raise item
            patience = silence
            yield item
    finally:
        abandoned.set()


def _next(queue: SimpleQueue[_Line | Exception], patience: float) -> _Line | Exception:
    try:
        return queue.get(timeout=patience)
    except Empty:
        raise ImageError(f"the image registry said nothing for {patience:g} s") from None


def _read(
    open_lines: Callable[[], Iterator[_Line]], queue: SimpleQueue[_Line | Exception], abandoned: Event
) -> None:
    try:
        for line in open_lines():
            if abandoned.is_set():
                return
            queue.put(line)
        queue.put(_END)
    except (docker.errors.DockerException, requests.exceptions.RequestException) as exc:
        queue.put(exc)
