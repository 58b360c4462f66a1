"""Where the engine is, as the docker command sees it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from msctl.engine.docker import connect
from msctl.engine.docker.address import DEFAULT_URL, find_address
from msctl.errors import EngineUnavailable


@pytest.fixture(autouse=True)
def docker_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty configuration folder of the docker command."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path


def _add_context(folder: Path, name: str, host: str) -> None:
    meta = folder / "contexts/meta" / hashlib.sha256(name.encode()).hexdigest()
    meta.mkdir(parents=True)
    content = {"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host}}}
    (meta / "meta.json").write_text(json.dumps(content))


def _select(folder: Path, name: str) -> None:
    (folder / "config.json").write_text(json.dumps({"currentContext": name}))


def test_without_settings_it_is_the_local_socket() -> None:
    address = find_address({})
    assert (address.url, address.local, address.direct) == (DEFAULT_URL, True, True)


def test_docker_host_comes_first(docker_folder: Path) -> None:
    _add_context(docker_folder, "far", "tcp://192.0.2.7:2375")
    _select(docker_folder, "far")
    address = find_address({"DOCKER_HOST": "tcp://127.0.0.1:2375", "DOCKER_CONTEXT": "far"})
    assert (address.url, address.local, address.direct) == ("tcp://127.0.0.1:2375", False, True)


def test_the_current_context_decides(docker_folder: Path) -> None:
    _add_context(docker_folder, "far", "tcp://192.0.2.7:2375")
    _select(docker_folder, "far")
    address = find_address({})
    assert (address.url, address.local, address.direct) == ("tcp://192.0.2.7:2375", False, False)
    assert find_address({"DOCKER_CONTEXT": "default"}).url == DEFAULT_URL


def test_a_context_that_is_gone_is_said(docker_folder: Path) -> None:
    _select(docker_folder, "gone")
    with pytest.raises(EngineUnavailable, match="context"):
        find_address({})


def test_certificates_that_are_absent_are_said(tmp_path: Path) -> None:
    settings = {
        "DOCKER_HOST": "tcp://192.0.2.7:2376",
        "DOCKER_TLS_VERIFY": "1",
        "DOCKER_CERT_PATH": str(tmp_path),
    }
    with pytest.raises(EngineUnavailable, match="certificate"):
        find_address(settings)


def test_nothing_that_listens_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match=r"none\.sock.*No such file") as caught:
        connect({"DOCKER_HOST": f"unix://{tmp_path}/none.sock"})
    assert caught.value.hint


@pytest.mark.parametrize("url", ["ssh://user@127.0.0.1:1", "nonsense://x", "tcp://127.0.0.1:1"])
def test_addresses_that_lead_nowhere_are_said(url: str) -> None:
    with pytest.raises(EngineUnavailable) as caught:
        connect({"DOCKER_HOST": url})
    assert url in caught.value.message
    assert caught.value.hint
