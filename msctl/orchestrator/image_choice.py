"""Which image every container is made from: roles first, then services by the content of their folders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from msctl import labels
from msctl.engine.images.roles import ImageChoice, ImageKind, Wanted
from msctl.errors import ImageError, StartFailed
from msctl.events import Sink
from msctl.model.desired import ImageFact
from msctl.model.failure import FailureCard
from msctl.model.observed import Observed
from msctl.model.project import ImagePolicy, Project, Service
from msctl.plan.expand import roles


class ImageStore(Protocol):
    """Images on the engine: getting those of roles and of services."""

    def ensure(
        self, wanted: Sequence[Wanted], policy: ImagePolicy, sink: Sink, log_dir: Path
    ) -> Sequence[ImageChoice]:
        """An image for each of ``wanted``, in order: present, else pulled, else built."""

    def obtain(self, reference: str, sink: Sink) -> str:
        """Id of an image the manifest names, pulled if it is not present; raises ``ImageError``."""

    def bases(self, context: Path) -> Sequence[str]:
        """The roles whose images a folder's Dockerfile starts from; raises ``ImageError`` without one."""

    def service_reference(
        self, project: str, service: str, context: Path, bases: Mapping[str, ImageChoice]
    ) -> str:
        """The tag that the image of a folder's present content bears."""

    def present(self, references: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """Those of ``references`` that the engine has, with their labels."""

    def build_service(
        self,
        project: str,
        service: str,
        context: Path,
        bases: Mapping[str, ImageChoice],
        sink: Sink,
        log_dir: Path,
    ) -> str:
        """Build a service's image and return its tag; raises ``BuildFailed``."""


@dataclass(frozen=True, slots=True)
class ChosenImages:
    """The images of a project; ``present`` are the services' references that exist already.

    ``bases`` are those that services are built upon, by role.
    """

    bases: Mapping[str, ImageChoice]
    roles: Mapping[str, ImageFact]
    databases: Mapping[str, ImageFact]
    services: Mapping[str, ImageFact]
    present: frozenset[str]


def choose(
    store: ImageStore, project: Project, observed: Observed, sink: Sink, log_dir: Path
) -> ChosenImages:
    """Get what the platform and the databases need, and name what services will be made from."""
    bases = _bases(store, project)
    wanted = {**{role: Wanted(role) for role in bases}, **_wanted(project, observed)}
    choices = store.ensure(list(wanted.values()), project.platform.images, sink, log_dir)
    found = dict(zip(wanted, choices, strict=True))
    started = {role: found[role] for role in ("runtime", *bases)}
    services = _services(store, project, started, sink)
    present = store.present([fact.reference for fact in services.values()])
    return ChosenImages(
        bases=started,
        roles={key: _fact(choice) for key, choice in found.items() if "/" not in key},
        databases={k.removeprefix("database/"): _fact(c) for k, c in found.items() if "/" in k},
        services={name: _with_waits(fact, present) for name, fact in services.items()},
        present=frozenset(present),
    )


def _bases(store: ImageStore, project: Project) -> Sequence[str]:
    """The roles that services start from; a folder without a Dockerfile is told with the services."""
    found: dict[str, None] = {}
    for service in project.services.values():
        if service.build is not None:
            with suppress(ImageError):
                found.update(dict.fromkeys(store.bases(project.folder / service.build)))
    return tuple(found)


def _wanted(project: Project, observed: Observed) -> dict[str, Wanted]:
    """By role name, or ``database/<service>``; data that exists pins the kind of image that made it."""
    data = [v.labels for v in observed.volumes if labels.IMAGE_KIND in v.labels]
    kinds = {marks.get(labels.SERVICE): marks[labels.IMAGE_KIND] for marks in data}
    wanted = {role: Wanted(role, kind=_pinned(observed, role)) for role in roles(project)}
    for service in project.services.values():
        if service.database is not None:
            kind = _kind(kinds.get(service.name, ""))
            wanted[f"database/{service.name}"] = Wanted(
                service.database.engine, service.database.version, kind=kind
            )
    return wanted


def _pinned(observed: Observed, role: str) -> ImageKind | None:
    labelled = (v.labels for v in observed.volumes if v.labels.get(labels.ROLE) == role)
    return next((_kind(found.get(labels.IMAGE_KIND, "")) for found in labelled), None)


def _kind(text: str) -> ImageKind | None:
    if text.startswith("recipe"):
        return "recipe"
    return "official" if text.startswith("official") else None


def _services(
    store: ImageStore, project: Project, bases: Mapping[str, ImageChoice], sink: Sink
) -> Mapping[str, ImageFact]:
    here = [s for s in project.services.values() if s.external is None]
    with ThreadPoolExecutor(8, thread_name_prefix="images") as pool:
        asked = [(s, pool.submit(_service, store, project, s, bases, sink)) for s in here]
    cards = [_card(s, error) for s, fact in asked if isinstance(error := fact.exception(), ImageError)]
    if cards:
        raise StartFailed("nothing was started", cards)
    return {service.name: fact.result() for service, fact in asked}


def _card(service: Service, error: ImageError) -> FailureCard:
    pull = f"docker pull {service.image}" if service.image else error.hint
    return FailureCard(service.name, error.code, "has no image", error.message, next_command=pull)


def _service(
    store: ImageStore, project: Project, service: Service, bases: Mapping[str, ImageChoice], sink: Sink
) -> ImageFact:
    if service.build is not None:
        folder = project.folder / service.build
        reference = store.service_reference(project.name, service.name, folder, bases)
        return ImageFact(reference, reference)
    reference = service.image or ""
    return ImageFact(reference, store.obtain(reference, sink))


def _with_waits(fact: ImageFact, present: Mapping[str, Mapping[str, str]]) -> ImageFact:
    """An image that is yet to be built has no label yet; its build takes longer than the database."""
    return replace(fact, waits=present.get(fact.reference, {}).get(labels.WAITS) == "database")


def _fact(choice: ImageChoice) -> ImageFact:
    return ImageFact(choice.reference, choice.image_id, choice.kind, choice.version)
