"""A manifest that was read is remembered for as long as it would be read the same."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from msctl.errors import ManifestInvalid
from msctl.manifest import loading, remembered
from msctl.manifest.loaded import Loaded
from msctl.manifest.source import Source

TEXT = """\
project: shop
gateway: {port: 8080, routes: [{path: /web, service: web}]}
services:
  web: {build: web, environment: {COLOUR: "%s"}}
"""

Read = Callable[..., Loaded]


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "Dockerfile").touch()
    path = tmp_path / "msctl.yaml"
    path.write_text(TEXT % "red")
    return path


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def memory(cache: Path) -> Path:
    return cache / "manifests"


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of manifests that were really read."""
    names: list[str] = []
    validate = loading.validate

    def noting(text: Source, *rest: object) -> Loaded:
        names.append(text.name)
        return validate(text, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(loading, "validate", noting)
    return names


@pytest.fixture
def read(manifest: Path, cache: Path) -> Read:
    def reader(environment: Mapping[str, str] | None = None, overlay: Path | None = None) -> Loaded:
        return remembered.load(manifest, environment or {}, overlay, cache)

    return reader


def test_the_second_reading_is_the_first_one(read: Read, readings: list[str], manifest: Path) -> None:
    first, second = read(), read()
    assert first == second == loading.load(manifest, {})
    assert len(readings) == 2  # the first one, and that of the comparison


@pytest.mark.parametrize("name", ["shop", "hello", "bank", "reference"])
def test_every_manifest_can_be_remembered(
    name: str, manifests: dict[str, str], project_folder: Path, cache: Path
) -> None:
    path = project_folder / "msctl.yaml"
    path.write_text(manifests[name])
    environment = {"NEVER_ASKED_FOR": "1"}
    first = remembered.load(path, environment, None, cache)
    assert remembered.load(path, environment, None, cache) == first == loading.load(path, environment)


def test_another_text_is_read(read: Read, readings: list[str], manifest: Path) -> None:
    read()
    manifest.write_text(TEXT % "green")
    assert read().project.services["web"].environment == {"COLOUR": "green"}
    assert len(readings) == 2


def test_another_overlay_is_read(read: Read, readings: list[str], manifest: Path) -> None:
    over = manifest.with_name("msctl.prod.yaml")
    over.write_text("services: {web: {replicas: 2}}\n")
    assert [read(overlay=over).project.services["web"].replicas for _ in range(2)] == [2, 2]
    assert read().project.services["web"].replicas == 1
    over.write_text("services: {web: {replicas: 3}}\n")
    assert read(overlay=over).project.services["web"].replicas == 3
    assert len(readings) == 3


def test_a_folder_that_is_gone_is_told(read: Read, manifest: Path) -> None:
    read()
    (manifest.parent / "web" / "Dockerfile").unlink()
    with pytest.raises(ManifestInvalid) as told:
        read()
    assert "'web' has no Dockerfile" in str(told.value.problems[0])


def test_a_variable_that_is_set_now_is_asked_for(read: Read, readings: list[str], manifest: Path) -> None:
    manifest.write_text(TEXT % "${COLOUR:-red}")
    read()
    assert read().project.services["web"].environment == {"COLOUR": "red"}
    assert len(readings) == 1
    assert read({"COLOUR": "green"}).project.services["web"].environment == {"COLOUR": "green"}


def test_what_came_from_the_environment_is_never_written_down(
    read: Read, readings: list[str], manifest: Path, memory: Path
) -> None:
    manifest.write_text(TEXT % "${SECRET}")
    for _ in range(2):
        assert read({"SECRET": "s3cret"}).project.services["web"].environment == {"COLOUR": "s3cret"}
    assert len(readings) == 2
    assert not memory.exists()


def test_other_code_reads_again(read: Read, readings: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    read()
    monkeypatch.setattr(remembered, "_code", lambda: ("another",))
    read()
    assert len(readings) == 2


def test_places_are_named_from_the_callers_folder(
    read: Read, readings: list[str], manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(manifest.parent)
    read()
    monkeypatch.chdir(manifest.parent.parent)
    read()
    assert readings == ["msctl.yaml", f"{manifest.parent.name}/msctl.yaml"]


class Trap:
    """Leaves a trace when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, tuple[str, int]]:
        return os.mkdir, (str(self._path), 0o700)


@pytest.mark.parametrize("kept", [0, 10, 32, 64, 200])
def test_a_damaged_memory_is_read_anew(read: Read, readings: list[str], memory: Path, kept: int) -> None:
    first = read()
    (file,) = memory.iterdir()
    file.write_bytes(file.read_bytes()[:kept] + b"\0")
    assert read() == first
    assert read() == first
    assert len(readings) == 2


def test_what_somebody_put_behind_the_key_is_not_unpickled(
    read: Read, readings: list[str], memory: Path, tmp_path: Path
) -> None:
    first = read()
    (file,) = memory.iterdir()
    file.write_bytes(file.read_bytes()[:64] + pickle.dumps(Trap(tmp_path / "sprung")))
    assert read() == first
    assert len(readings) == 2
    assert not (tmp_path / "sprung").exists()


def test_somebody_elses_memory_is_not_believed(
    read: Read, readings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    read()
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    read()
    assert len(readings) == 2


def test_where_nothing_can_be_kept_it_is_read_each_time(
    read: Read, readings: list[str], memory: Path
) -> None:
    memory.parent.write_text("a file where the folder should be")
    assert read() == read()
    assert len(readings) == 2


def test_without_a_cache_it_is_read_each_time(manifest: Path, readings: list[str]) -> None:
    assert remembered.load(manifest, {}, None, None) == remembered.load(manifest, {}, None, None)
    assert len(readings) == 2


def test_only_the_user_can_look_into_it_and_nothing_else_is_left(read: Read, memory: Path) -> None:
    read()
    (file,) = memory.iterdir()
    assert (file.stat().st_mode & 0o777, memory.stat().st_mode & 0o777) == (0o600, 0o700)


def test_of_too_many_the_oldest_is_forgotten(
    read: Read, readings: list[str], manifest: Path, cache: Path, memory: Path
) -> None:
    others = [manifest.with_name(f"{number}.yaml") for number in range(remembered._MOST)]
    read()
    (first,) = memory.iterdir()
    os.utime(first, (0, 0))  # the clock of the disk may be too coarse to tell it from the next
    for path in others:
        path.write_text(TEXT % "red")
        remembered.load(path, {}, None, cache)
    assert len(list(memory.iterdir())) == remembered._MOST
    readings.clear()
    remembered.load(others[-1], {}, None, cache)
    read()
    assert readings == [manifest.name]


def test_a_wrong_manifest_is_wrong_each_time(read: Read, manifest: Path, memory: Path) -> None:
    manifest.write_text("project: 1\n")
    for _ in range(2):
        with pytest.raises(ManifestInvalid):
            read()
    assert not memory.exists()
