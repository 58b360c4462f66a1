"""Building a role's image from its recipe: a Debian root, imported; for the runtime, msctl upon it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import docker
import docker.errors

from msctl import labels
from msctl.engine.images.apt_settings import read_apt_settings
from msctl.engine.images.bootstrap_tool import BootstrapTool
from msctl.engine.images.cache import building, cache_folder, locked
from msctl.engine.images.certificates import extra_certificates, machine_bundles
from msctl.engine.images.debian_root import RootMaker
from msctl.engine.images.docker_build import Build, build_image, context_of, import_root, translated
from msctl.engine.images.finding import find_image
from msctl.engine.images.local_files import using_files
from msctl.engine.images.pip_settings import read_pip_settings
from msctl.engine.images.proxies import proxy_environment
from msctl.engine.images.recipe import Recipe, base_recipe, digest, load_recipe, root_hash
from msctl.engine.images.roles import ROLES, ImageChoice
from msctl.engine.images.runtime_package import package_files, requirements
from msctl.engine.images.runtime_stage import fill_stage
from msctl.events import Sink, StepProgress

Files = Mapping[str, tuple[bytes, int]]
_RUNTIME = "runtime"


@dataclass(frozen=True, slots=True)
class Blueprint:
    """What a role's recipe image is made of here and now; ``layer`` are files put upon the root."""

    recipe: Recipe
    root: str
    layer: Files = field(default_factory=dict)

    @property
    def hash(self) -> str:
        """Value of the image's recipe label; changes when anything the image is made of does."""
        content = (f"{name} {mode:o} {sha256(data).hexdigest()}" for name, (data, mode) in self.layer.items())
        return digest(self.root, *sorted(content))

    @property
    def reference(self) -> str:
        """Tag of the finished image."""
        return ROLES[self.recipe.role].recipe_reference

    @property
    def root_reference(self) -> str:
        """Tag of the imported root: the image itself unless there is a layer upon it."""
        return f"msctl/root:{self.recipe.role}-{self.root[:12]}" if self.layer else self.reference

    @property
    def labels(self) -> Mapping[str, str]:
        """Labels that come with the root and stay in the finished image."""
        return {
            labels.IMAGE_KIND: "recipe",
            labels.ROLE: self.recipe.role,
            **({} if self.layer else self.mark),
        }

    @property
    def mark(self) -> Mapping[str, str]:
        """The label by which the finished image is known to be made of exactly this."""
        return {labels.RECIPE: self.hash}


@using_files("what images are made of cannot be read")
def blueprint(role: str) -> Blueprint:
    """Read a role's recipe and, for the runtime, this msctl and the machine's own certificates."""
    recipe = load_recipe(role)
    layer = {"Dockerfile": (recipe.dockerfile.encode(), 0o644)} if recipe.dockerfile else {}
    if role != _RUNTIME:
        return Blueprint(recipe, root_hash(recipe, base_recipe()), layer)
    root = root_hash(recipe, base_recipe(), [*requirements(), *_machine_certificates()])
    pip = read_pip_settings(os.environ).public_configuration().encode()
    return Blueprint(recipe, root, {**layer, **package_files(), "opt/msctl/pip.conf": (pip, 0o644)})


def build_role(
    client: docker.DockerClient, role: str, tool: BootstrapTool, sink: Sink, log_dir: Path
) -> ImageChoice:
    """Build a role's image from its recipe unless another builder did while this one waited for it."""
    cache = cache_folder(os.environ)
    with using_files(f"the image of {role} cannot be built", cache), building(cache):
        return _build_role(client, role, tool, sink, log_dir)


def _build_role(
    client: docker.DockerClient, role: str, tool: BootstrapTool, sink: Sink, log_dir: Path
) -> ImageChoice:
    plan = blueprint(role)
    log_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = log_dir / f"image-{role}.log"
    log.touch(mode=0o600)
    log.write_text("", encoding="utf-8")
    with locked(cache_folder(os.environ), f"image-{role}"), _replacing(client, plan.reference):
        image_id = built_image(client, plan)
        if image_id is None and not (plan.layer and find_image(client, plan.root_reference)):
            image_id = _make_root(client, plan, tool, sink, log)
        if plan.layer and built_image(client, plan) is None:
            build = Build(plan.reference, {"ROOT": plan.root_reference}, plan.mark)
            image_id = build_image(client, build, context_of(plan.layer), role, sink, log)
    return ImageChoice(role, plan.reference, str(image_id), "recipe", ROLES[role].recipe_version)


def built_image(client: docker.DockerClient, plan: Blueprint) -> str | None:
    """Id of the image that was made from exactly this blueprint, ``None`` if there is none."""
    found = find_image(client, plan.reference)
    return found.id if found is not None and found.labels.get(labels.RECIPE) == plan.hash else None


@contextmanager
def _replacing(client: docker.DockerClient, reference: str) -> Iterator[None]:
    """Remove the image that bore ``reference`` before, unless something still needs it."""
    before = find_image(client, reference)
    yield
    if before is not None and before != find_image(client, reference):
        with translated("images could not be removed"), suppress(docker.errors.APIError):
            client.images.remove(before.id)


def _make_root(
    client: docker.DockerClient, plan: Blueprint, tool: BootstrapTool, sink: Sink, log: Path
) -> str:
    recipe = plan.recipe

    def report(line: str) -> None:
        sink.emit(StepProgress(recipe.role, line))

    tool.ensure(sink)
    maker = RootMaker(cache_folder(os.environ), read_apt_settings(os.environ), proxy_environment(os.environ))
    base = maker.base(base_recipe(), log, report)
    with _stage(recipe) as stage, maker.role(recipe, base, stage, log, report) as root:
        report("importing")
        image_id = import_root(
            client, root, Build(plan.root_reference, labels=plan.labels), recipe.configuration
        )
    _forget_older_roots(client, plan)
    return image_id


def _forget_older_roots(client: docker.DockerClient, plan: Blueprint) -> None:
    prefix = f"msctl/root:{plan.recipe.role}-"
    with translated("Outdated roots could not be removed"):
        tags = [tag for image in client.images.list(name="msctl/root") for tag in image.tags]
        for tag in tags:
            if tag.startswith(prefix) and tag != plan.root_reference:
                client.images.remove(tag)


@contextmanager
def _stage(recipe: Recipe) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="stage-", dir=cache_folder(os.environ)) as folder:
        stage = Path(folder) / "stage"
        stage.mkdir()
        if recipe.entrypoint:
            (stage / "entrypoint").write_text(recipe.entrypoint, encoding="utf-8")
        for name, text in recipe.stage:
            (stage / name).write_text(text, encoding="utf-8")
        if recipe.role == _RUNTIME:
            pip = read_pip_settings(os.environ)
            bundles = machine_bundles(os.environ, pip.get("cert"))
            fill_stage(stage, pip, next(iter(bundles), None), _machine_certificates(), requirements())
        yield stage


def _machine_certificates() -> Sequence[str]:
    configured = read_pip_settings(os.environ).get("cert")
    return extra_certificates(machine_bundles(os.environ, configured))
