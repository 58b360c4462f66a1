"""Builds and imports on the Docker Engine: output as events, the full log in a file, errors as ours."""

from __future__ import annotations

import io
import tarfile
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import docker.errors
import requests.exceptions

from msctl.engine.images.local_files import using_files
from msctl.errors import BuildFailed, EngineUnavailable, ImageError
from msctl.events import Sink, StepProgress

if TYPE_CHECKING:
    import docker

_SHOWN_LINES = 15
_NOISE = (" --->", "Removing intermediate container", "Successfully ")


@dataclass(frozen=True, slots=True)
class Build:
    """One build: its tag, arguments and labels; ``network`` is Docker's mode, ``None`` for the usual."""

    reference: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    network: str | None = None
    dockerfile: str = "Dockerfile"


def build_image(
    client: docker.DockerClient, build: Build, context: IO[bytes], subject: str, sink: Sink, log: Path
) -> str:
    """Build from a tar stream and return the image's id; raises ``BuildFailed`` with its last lines."""
    last: deque[str] = deque(maxlen=_SHOWN_LINES)
    message = f"{build.reference} could not be built"
    with using_files(message, log), translated(message, log), log.open("a", encoding="utf-8") as record:
        for event in _events(client, build, context):
            for line in _lines(event):
                record.write(line + "\n")
                last.append(line)
                if not line.startswith(_NOISE):
                    sink.emit(StepProgress(subject, line))
            if "error" in event:
                raise BuildFailed(f"{message}: {event['error']}", last, str(log))
        return str(client.images.get(build.reference).id)


def import_root(client: docker.DockerClient, root: Path, build: Build, configuration: Sequence[str]) -> str:
    """Make an image of one layer from a root's tar file and return its id."""
    repository, _, tag = build.reference.rpartition(":")
    labels = [f'LABEL {name}="{value}"' for name, value in build.labels.items()]
    message = f"{build.reference} could not be imported"
    with using_files(message, root), translated(message):
        answer = client.api.import_image_from_file(
            str(root), repository=repository, tag=tag, changes=[*configuration, *labels]
        )
        if '"error"' in answer:
            raise ImageError(f"{message}: {answer.strip()}")
        return str(client.images.get(build.reference).id)


def context_of(files: Mapping[str, tuple[bytes, int]]) -> IO[bytes]:
    """A build context of ``files``; equal files make equal bytes, so the engine's cache is hit."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, (data, mode) in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), mode
            archive.addfile(entry, io.BytesIO(data))
    buffer.seek(0)
    return buffer


@contextmanager
def translated(message: str, log: Path | None = None) -> Iterator[None]:
    """Turn Docker's and the transport's exceptions into ``ImageError`` and ``EngineUnavailable``."""
    try:
        yield
    except docker.errors.APIError as exc:
        explanation = str(exc.explanation or exc)
        if log is None:
            raise ImageError(f"{message}: {explanation}") from exc
        raise BuildFailed(f"{message}: {explanation}", [explanation], str(log)) from exc
    except (docker.errors.DockerException, requests.exceptions.RequestException) as exc:
        raise EngineUnavailable(f"the container engine does not answer: {exc}") from exc


def _events(client: docker.DockerClient, build: Build, context: IO[bytes]) -> Iterator[Mapping[str, Any]]:
    events: Iterator[Mapping[str, Any]] = client.api.build(
        fileobj=context,
        custom_context=True,
        dockerfile=build.dockerfile,
        tag=build.reference,
        buildargs=dict(build.arguments),
        labels=dict(build.labels),
        network_mode=build.network,
        rm=True,
        forcerm=True,
        decode=True,
    )
    return events


def _lines(event: Mapping[str, Any]) -> list[str]:
    text = str(event.get("stream") or event.get("status") or event.get("error") or "")
    return [line.rstrip() for line in text.splitlines() if line.strip()]
