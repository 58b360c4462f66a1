"""The composition root: turns the command line's options into wired use cases, once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from msctl.errors import ManifestInvalid, MsctlError, UsageError

if TYPE_CHECKING:
    from msctl.engine.docker import DockerEngine
    from msctl.engine.images.store import DockerImages
    from msctl.manifest.loaded import Loaded
    from msctl.model.project import Project
    from msctl.orchestrator.access import Access
    from msctl.orchestrator.target import Target
    from msctl.orchestrator.workspace import Workspace
    from msctl.report.console import Consoles
    from msctl.report.progress import Renderer


SCALE = "scale.json"
"""In the workspace: how many instances ``scale`` asked for."""


@dataclass
class Context:
    """What every command needs, made at first use so that ``--help`` imports nothing of it."""

    file: Path | None = None
    plain: bool = False
    quiet: bool = False
    verbose: bool = False
    environment: str | None = None

    @cached_property
    def loaded(self) -> Loaded:
        """The manifest, found, read and checked, with the numbers of instances that ``scale`` asked for."""
        from dataclasses import replace  # noqa: PLC0415

        declared = self.declared
        return replace(declared, project=self.scaled(declared.project))

    def scaled(self, project: Project) -> Project:
        """``project`` with the numbers of instances that ``scale`` asked for."""
        from msctl.orchestrator.workspace import Workspace  # noqa: PLC0415
        from msctl.plan.scaling import scaled  # noqa: PLC0415

        kept = Workspace.of(project.folder).read(SCALE)
        return scaled(project, kept) if kept else project

    @cached_property
    def declared(self) -> Loaded:
        """The manifest as it stands in its file."""
        from msctl.engine.images.cache import cache_place  # noqa: PLC0415
        from msctl.manifest.remembered import load  # noqa: PLC0415

        return load(self.manifest, os.environ, self.overlay, cache_place(os.environ))

    def forget_manifest(self) -> None:
        """Read it anew next time: how many instances are wanted has changed."""
        self.__dict__.pop("loaded", None)

    def use(self, loaded: Loaded) -> None:
        """Take another manifest than the one in the file."""
        self.__dict__["loaded"] = loaded

    @cached_property
    def manifest(self) -> Path:
        """The manifest's file."""
        from msctl.manifest.source import find_manifest  # noqa: PLC0415

        return self.file or find_manifest(Path.cwd())

    @cached_property
    def overlay(self) -> Path | None:
        """The file of the environment that was asked for, laid over the manifest."""
        if not self.environment:
            return None
        from msctl.manifest.overlay import overlay_path  # noqa: PLC0415

        return overlay_path(self.manifest, self.environment)

    def texts(self) -> tuple[str, str]:
        """The manifest's text and its overlay's, as they stand in their files."""
        overlay = "" if self.overlay is None else self.overlay.read_text(encoding="utf-8-sig")
        return self.manifest.read_text(encoding="utf-8-sig"), overlay

    @cached_property
    def workspace(self) -> Workspace:
        """The project's folder for credentials, logs and the lock."""
        from msctl.orchestrator.workspace import Workspace  # noqa: PLC0415

        return Workspace.of(self.loaded.project.folder)

    @cached_property
    def engine(self) -> DockerEngine:
        """The container engine."""
        from msctl.engine.docker import connect  # noqa: PLC0415

        return connect()

    def require_engine(self) -> None:
        """Raise ``EngineUnavailable`` before anything is written down that only an engine makes true."""
        self.engine.facts()

    @cached_property
    def images(self) -> DockerImages:
        """The engine's images."""
        from msctl.engine.docker.facade import Facade  # noqa: PLC0415
        from msctl.engine.images.store import DockerImages  # noqa: PLC0415

        return DockerImages(Facade(self.engine.client))

    def target(self, project: str | None) -> Target:
        """The manifest's project, or the one of that name whether or not there is a manifest here."""
        from msctl.engine.docker.address import find_address  # noqa: PLC0415
        from msctl.engine.images.cache import cache_folder  # noqa: PLC0415
        from msctl.manifest.names import unusable_project  # noqa: PLC0415
        from msctl.orchestrator import target  # noqa: PLC0415

        place = (find_address(os.environ).url, cache_folder(os.environ))
        if project is None or project == self._declared():
            return target.declared(self.loaded.project, self.workspace, *place)
        if trouble := unusable_project(project):
            raise UsageError(f"--project: {trouble}", "name the project as its manifest does")
        return target.named(project, self._folder(), *place)

    def _declared(self) -> str | None:
        """The name that a usable manifest gives."""
        try:
            return self.loaded.project.name
        except ManifestInvalid:
            return None

    def _folder(self) -> Path:
        """The manifest's folder, be it usable or not, or the current one."""
        from msctl.manifest.source import find_manifest  # noqa: PLC0415

        try:
            return (self.file or find_manifest(Path.cwd())).resolve().parent
        except ManifestInvalid:
            return Path.cwd()

    @cached_property
    def consoles(self) -> Consoles:
        """stdout for the answer, stderr for the rest."""
        from msctl.report.console import consoles  # noqa: PLC0415

        return consoles(plain=self.plain)

    def progress(self, *, as_json: bool) -> Renderer:
        """The sink that draws progress on stderr."""
        from msctl.report.progress import renderer  # noqa: PLC0415

        return renderer(self.consoles.messages, quiet=self.quiet, as_json=as_json)

    def tell_history(self) -> None:
        """Hand the journal to the observer, for the page; that it is away fails no command."""
        from msctl.orchestrator.chronicle import hand_over  # noqa: PLC0415

        try:
            with self.access() as access:
                hand_over(access, self.workspace)
        except MsctlError as exc:
            if self.verbose:
                self.consoles.messages.print(f"the observer was not told what was done: {exc.message}")

    @contextmanager
    def access(self) -> Iterator[Access]:
        """A way to the project's registry, gateway and broker, closed afterwards."""
        from msctl.orchestrator.access import Access  # noqa: PLC0415
        from msctl.orchestrator.credentials import (  # noqa: PLC0415
            management_token,
            operator_secret,
            platform_password,
        )

        workspace = self.workspace
        access = Access(
            self.engine,
            self.loaded.project.name,
            lambda: platform_password(workspace),
            token=lambda: management_token(workspace),
            operator=lambda: operator_secret(workspace),
        )
        try:
            yield access
        finally:
            access.close()
