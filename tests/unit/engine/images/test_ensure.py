"""What is used, pulled or built when several roles need images."""

from __future__ import annotations

from pathlib import Path

import docker
import pytest

from msctl import labels
from msctl.engine.images import ensure as module
from msctl.engine.images.bootstrap_tool import BootstrapTool
from msctl.engine.images.build_role import blueprint
from msctl.engine.images.ensure import ensure, present
from msctl.engine.images.roles import ROLES, ImageChoice, Wanted
from msctl.errors import ImageError
from msctl.events import Notice, Sink
from tests.unit.engine.images.fakes import FakeClient, FakeImage, RememberingSink


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Roles that were built, in the place of building them."""
    roles: list[str] = []

    def build(
        _client: docker.DockerClient, role: str, _tool: BootstrapTool, _sink: Sink, _log_dir: Path
    ) -> ImageChoice:
        roles.append(role)
        return ImageChoice(role, ROLES[role].recipe_reference, "sha256:built", "recipe", "1")

    monkeypatch.setattr(module, "build_role", build)
    return roles


def recipe_image(role: str, recipe: str | None = None) -> FakeImage:
    return FakeImage("sha256:recipe", {labels.RECIPE: recipe or blueprint(role).hash})


def test_present_prefers_the_official_image_and_takes_a_recipe_only_when_up_to_date() -> None:
    fake = FakeClient()
    fake.images.known["msctl/redis:7.0"] = recipe_image("redis", "outdated")
    assert present(fake.client(), Wanted("redis")) is None
    fake.images.known["msctl/redis:7.0"] = recipe_image("redis")
    found = present(fake.client(), Wanted("redis"))
    assert found == ImageChoice("redis", "msctl/redis:7.0", "sha256:recipe", "recipe", "7.0")
    fake.images.known["redis:7"] = FakeImage("sha256:official")
    found = present(fake.client(), Wanted("redis"))
    assert found == ImageChoice("redis", "redis:7", "sha256:official", "official", "7")


def test_a_failed_pull_is_said_and_then_built(built: list[str], tmp_path: Path) -> None:
    fake, sink = FakeClient(), RememberingSink()
    chosen = ensure(fake.client(), [Wanted("redis")], "auto", sink, tmp_path)
    assert chosen[Wanted("redis")].kind == "recipe"
    assert built == ["redis"]
    notices = [event.text for event in sink.events if isinstance(event, Notice)]
    assert len(notices) == 1
    assert "building redis from our recipe" in notices[0]


def test_what_can_be_pulled_is_not_built(built: list[str], tmp_path: Path) -> None:
    fake = FakeClient()
    fake.api.pull_lines = lambda: iter([{"status": "done"}])
    chosen = ensure(fake.client(), [Wanted("postgres", version="16")], "auto", RememberingSink(), tmp_path)
    assert chosen[Wanted("postgres", version="16")].reference == "postgres:16"
    assert built == []


def test_an_outdated_recipe_image_is_rebuilt_without_changing_its_kind(
    built: list[str], tmp_path: Path
) -> None:
    fake = FakeClient()
    fake.api.pull_lines = lambda: iter([{"status": "done"}])
    fake.images.known["msctl/redis:7.0"] = recipe_image("redis", "outdated")
    ensure(fake.client(), [Wanted("redis")], "auto", RememberingSink(), tmp_path)
    assert built == ["redis"]
    assert fake.api.pulls == []


def test_two_versions_of_one_role_are_two_images(built: list[str], tmp_path: Path) -> None:
    fake = FakeClient()
    fake.images.known["postgres:16"] = FakeImage("sha256:16")
    fake.images.known["postgres:17"] = FakeImage("sha256:17")
    wants = [Wanted("postgres"), Wanted("postgres", version="16"), Wanted("postgres")]
    chosen = ensure(fake.client(), wants, "auto", RememberingSink(), tmp_path)
    assert {choice.image_id for choice in chosen.values()} == {"sha256:16", "sha256:17"}
    assert built == []


def test_a_pin_that_cannot_be_pulled_names_the_recipes_version(built: list[str], tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="recipe has postgres 15 only"):
        ensure(FakeClient().client(), [Wanted("postgres", version="16")], "auto", RememberingSink(), tmp_path)
    with pytest.raises(ImageError, match="could not be pulled") as caught:
        ensure(FakeClient().client(), [Wanted("redis")], "pull", RememberingSink(), tmp_path)
    assert "platform.images" in (caught.value.hint or "")
    assert built == []
