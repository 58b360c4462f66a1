"""Pulls that end: with an image, with the engine's error, or because nobody answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from threading import Event
from typing import Any

import pytest

from msctl.engine.images.pull import pull_image
from msctl.errors import ImageError
from msctl.events import StepProgress
from tests.unit.engine.images.fakes import FakeClient, RememberingSink


def test_progress_is_told_and_the_id_returned() -> None:
    fake, sink = FakeClient(), RememberingSink()
    fake.api.pull_lines = lambda: iter([{"id": "17", "status": "Pulling from library/postgres"}])
    assert pull_image(fake.client(), "postgres:17", "postgres", sink) == "sha256:pulled"
    assert sink.events == [StepProgress("postgres", "17 Pulling from library/postgres")]


def test_a_refused_pull_and_an_error_in_the_stream_are_image_errors() -> None:
    fake, sink = FakeClient(), RememberingSink()
    with pytest.raises(ImageError, match=r"redis:7 could not be pulled: .*no such host"):
        pull_image(fake.client(), "redis:7", "redis", sink)
    fake.api.pull_lines = lambda: iter([{"error": "manifest unknown"}])
    with pytest.raises(ImageError, match="manifest unknown"):
        pull_image(fake.client(), "redis:7", "redis", sink)


def test_a_registry_that_never_answers_is_given_up() -> None:
    fake, released = FakeClient(), Event()

    def nothing() -> Iterator[Mapping[str, Any]]:
        released.wait(30)
        yield {}

    fake.api.pull_lines = nothing
    with pytest.raises(ImageError, match=r"said nothing for 0.05 s"):
        pull_image(fake.client(), "redis:7", "redis", RememberingSink(), first_answer=0.05)
    released.set()


@pytest.mark.parametrize(
    ("reference", "asked"),
    [
        ("redis", "redis:latest"),
        ("localhost:5000/redis", "localhost:5000/redis:latest"),
        ("localhost:5000/redis:7", "localhost:5000/redis:7"),
        ("redis@sha256:abc", "redis@sha256:abc"),
    ],
)
def test_references_without_a_tag_mean_latest(reference: str, asked: str) -> None:
    fake = FakeClient()
    with pytest.raises(ImageError):
        pull_image(fake.client(), reference, "redis", RememberingSink())
    assert fake.api.pulls == [asked]
