"""Lines that containers wrote."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from msctl.engine.docker.frames import Demultiplexer, LineAssembler
from msctl.engine.docker.stream import open_feed

if TYPE_CHECKING:
    from msctl.engine.docker.client import EngineClient
    from msctl.engine.docker.stream import Feed
    from msctl.engine.port import LogLine


class FeedLines:
    """The port's ``LogLines``: a container's lines, read from a feed as they come."""

    def __init__(self, container: str, feed: Feed) -> None:
        self._feed = feed
        self._lines = _lines(container, feed)

    def __iter__(self) -> FeedLines:
        return self

    def __next__(self) -> LogLine:
        return next(self._lines)

    def close(self) -> None:
        """End the iteration, also while another thread waits for the next line."""
        self._feed.close()


def container_logs(
    client: EngineClient, name: str, *, follow: bool, tail: int | None, since: datetime | None
) -> FeedLines:
    """Lines of a container from its beginning, the last ``tail``, or those at and after ``since``."""
    feed = open_feed(
        client,
        f"/containers/{name}/logs",
        stdout=True,
        stderr=True,
        timestamps=True,
        follow=follow,
        tail="all" if tail is None else tail,
        since=None if since is None else f"{since.timestamp():.6f}",
    )
    return FeedLines(name, feed)


def _lines(container: str, feed: Feed) -> Iterator[LogLine]:
    frames = Demultiplexer()
    assembler = LineAssembler(container)
    for data in feed:
        for stream, payload in frames.feed(data):
            line = assembler.add(stream, payload)
            if line is not None:
                yield line
    yield from assembler.rest()
