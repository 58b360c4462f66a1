"""Contexts of services, the names of their images, and their builds."""

from __future__ import annotations

import os
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from msctl.engine.images.roles import ImageChoice
from msctl.engine.images.service import BASES, ServiceBuild, bases, build_service, service_reference
from msctl.engine.images.service_context import read_context
from msctl.errors import BuildFailed, ImageError
from msctl.events import Notice, StepProgress
from tests.unit.engine.images.fakes import FakeClient, FakeImage, RememberingSink


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A service's folder; pip and proxies of this machine stay out of the test."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    service = tmp_path / "orders"
    (service / "orders").mkdir(parents=True)
    (service / "Dockerfile").write_text("ARG MSCTL_RUNTIME\nFROM ${MSCTL_RUNTIME}\nCOPY . .\n")
    (service / "orders" / "main.py").write_text("print('hello')\n")
    return service


def build_of(folder: Path) -> ServiceBuild:
    return ServiceBuild(
        "shop", "orders", folder, {"runtime": base("runtime", "1"), "node": base("node", "1")}
    )


def base(role: str, version: str) -> ImageChoice:
    return ImageChoice(role, f"msctl/{role}:{version}", f"sha256:{role}{version}", "recipe", version)


def test_ignored_files_and_caches_stay_at_home(folder: Path) -> None:
    for name in ("notes.txt", "keep.txt", "orders/__pycache__/main.pyc", ".git/HEAD", "deep/er/secret.key"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    (folder / ".dockerignore").write_text("# comment\n*.txt\n!keep.txt\n**/*.key\nDockerfile\n")
    names = [name for name in read_context(folder).names if (folder / name).is_file()]
    assert names == [".dockerignore", "Dockerfile", "keep.txt", "orders/main.py"]


def test_the_hash_follows_content_and_not_time(folder: Path) -> None:
    before = read_context(folder).hash()
    os.utime(folder / "orders" / "main.py", (1, 1))
    assert read_context(folder).hash() == before
    (folder / "orders" / "main.py").chmod(0o755)
    executable = read_context(folder).hash()
    assert executable != before
    (folder / "orders" / "main.py").write_text("print('other')\n")
    assert read_context(folder).hash() not in (before, executable)
    (folder / "link").symlink_to("orders/main.py")
    linked = read_context(folder).hash()
    (folder / "link").unlink()
    (folder / "link").symlink_to("elsewhere")
    assert read_context(folder).hash() != linked


def test_equal_contexts_are_equal_bytes(folder: Path) -> None:
    with read_context(folder).tar() as first:
        data = first.read()
    os.utime(folder / "orders" / "main.py", (1, 1))
    with read_context(folder).tar() as second:
        assert second.read() == data
        second.seek(0)
        with tarfile.open(fileobj=second) as archive:
            assert archive.getnames() == ["Dockerfile", "orders", "orders/main.py"]


def test_without_a_dockerfile_there_is_a_hint(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="has no Dockerfile") as caught:
        read_context(tmp_path)
    assert caught.value.hint


def test_an_ignore_file_of_another_encoding_is_named(folder: Path) -> None:
    (folder / ".dockerignore").write_bytes(b"gr\xfc\xdfe\n")
    with pytest.raises(ImageError, match=r"\.dockerignore is not UTF-8.* byte 2"):
        read_context(folder)


def test_a_file_that_vanished_is_named(folder: Path) -> None:
    context = read_context(folder)
    (folder / "orders" / "main.py").unlink()
    for use in (context.hash, context.tar):
        with pytest.raises(ImageError, match=r"orders/main\.py: No such file"):
            use()


def test_logs_that_cannot_be_written_are_named(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "logs").touch()
    with pytest.raises(ImageError, match=r"image of orders .*logs: File exists"):
        build_service(FakeClient().client(), build_of(folder), RememberingSink(), tmp_path / "logs")


def test_a_dockerfile_says_which_images_it_starts_from(folder: Path) -> None:
    assert bases(folder) == ("runtime",)
    (folder / "Dockerfile").write_text("ARG MSCTL_NODE\nFROM ${MSCTL_NODE}\n")
    assert bases(folder) == ("node",)


@pytest.mark.parametrize("role", ["runtime", "node"])
def test_the_name_depends_on_a_base_only_when_it_is_used(folder: Path, role: str) -> None:
    argument = BASES[role]
    (folder / "Dockerfile").write_text(f"ARG {argument}\nFROM ${{{argument}}}\nCOPY . .\n")
    build = build_of(folder)
    newer = replace(build, bases={**build.bases, role: base(role, "2")})
    assert service_reference(build).startswith("shop/orders:")
    assert service_reference(newer) != service_reference(build)
    assert service_reference(replace(build, arguments={"X": "1"})) != service_reference(build)
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY . .\n")
    assert service_reference(newer) == service_reference(build)


def test_a_present_image_is_not_built(folder: Path, tmp_path: Path) -> None:
    fake, build = FakeClient(), build_of(folder)
    fake.images.known[service_reference(build)] = FakeImage("sha256:there")
    assert build_service(fake.client(), build, RememberingSink(), tmp_path) == service_reference(build)
    assert fake.api.builds == []


def test_a_build_gets_proxies_and_no_login(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:3128")
    monkeypatch.setenv("PIP_INDEX_URL", "https://ann:secret@pip.test/simple")
    fake, sink = FakeClient(), RememberingSink()
    fake.api.build_lines = [{"stream": "Step 1/2 : FROM x\n"}, {"stream": " ---> 12345\n"}]
    build_service(fake.client(), build_of(folder), sink, tmp_path)
    (options,) = fake.api.builds
    assert options["buildargs"]["MSCTL_RUNTIME"] == "msctl/runtime:1"
    assert options["buildargs"]["https_proxy"] == "http://127.0.0.1:3128"
    assert options["network_mode"] == "host"
    assert "secret" not in repr(options["buildargs"])
    assert [event for event in sink.events if isinstance(event, StepProgress)] == [
        StepProgress("orders", "Step 1/2 : FROM x")
    ]
    assert any(isinstance(event, Notice) and "login" in event.text for event in sink.events)


def test_a_failed_build_has_its_last_lines_and_its_log(folder: Path, tmp_path: Path) -> None:
    fake = FakeClient()
    fake.api.build_lines = [*({"stream": f"line {n}\n"} for n in range(40)), {"error": "exit code 7"}]
    with pytest.raises(BuildFailed, match="exit code 7") as caught:
        build_service(fake.client(), build_of(folder), RememberingSink(), tmp_path / "logs")
    assert caught.value.lines[-2:] == ("line 39", "exit code 7")
    assert len(caught.value.lines) < 40
    log = (tmp_path / "logs" / "build-orders.log").read_text()
    assert log.splitlines()[0] == "line 0"
    assert caught.value.log == str(tmp_path / "logs" / "build-orders.log")
