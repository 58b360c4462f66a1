"""Use case ``scaffold new-service``: a folder from a template, and its entry in the manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from msctl.errors import ManifestInvalid, UsageError
from msctl.manifest.disk import Disk
from msctl.manifest.loading import validate
from msctl.manifest.similar import known
from msctl.manifest.source import Source
from msctl.model.project import Project
from msctl.scaffold import placing
from msctl.scaffold.entry import entry, routes
from msctl.scaffold.manifest_edit import add_service
from msctl.scaffold.order import Order, check
from msctl.scaffold.rendering import render
from msctl.scaffold.templates import Template
from msctl.scaffold.variables import variables


@dataclass(frozen=True, slots=True)
class Made:
    """What was written: the folder's files, and the routes that clients can use."""

    order: Order
    folder: Path
    files: tuple[str, ...]
    routes: tuple[str, ...]
    test: str | None = None


def new_service(
    order: Order, template: Template, manifest: Path, project: Project, environment: Mapping[str, str]
) -> Made:
    """Write ``services/NAME`` beside ``manifest`` and add the service to it: both or neither."""
    order = _complete(order, template)
    check(order)
    _check_against(order, template, project)
    files = render(template, variables(order, project))
    paths = routes(order, template)
    folder = manifest.resolve().parent / "services" / order.name
    with placing.alone(manifest.resolve().parent):
        before = placing.read(manifest)
        after = add_service(before, order.name, entry(order, template), paths)
        with placing.placed(folder, files):
            _check_manifest(after, manifest, environment)
            placing.replace(manifest, before, after)
    told = tuple(dict.fromkeys(str(route["path"]) for route in paths))
    return Made(order, folder, tuple(sorted(files)), told, template.test)


def _complete(order: Order, template: Template) -> Order:
    if template.image and order.health is None:
        order = replace(order, health="/")
    return order if template.tokens else replace(order, tokens=False)


def _check_against(order: Order, template: Template, project: Project) -> None:
    if order.name in project.services:
        raise UsageError(f"there is a service '{order.name}' already", "choose another name")
    for callee in order.calls:
        if callee not in project.services:
            hint = known(callee, project.services, f"there are: {', '.join(project.services) or 'none'}")
            raise UsageError(f"--calls: there is no service '{callee}'", hint)
    if template.image and order.image is None:
        raise UsageError("template image runs a finished image", "say which: --image NAME:TAG")
    if order.image is not None and not template.image:
        raise UsageError(f"--image has no meaning for template '{template.name}'", "say --template image")
    if (order.publishes or order.subscribes) and not template.events:
        hint = "take template python, or add an AMQP library and the keys publishes and subscribes by hand"
        raise UsageError(f"template '{template.name}' has no code for events", hint)
    if (order.database or "none") not in template.databases:
        hint = f"one of {', '.join(template.databases)}"
        raise UsageError(
            f"template '{template.name}' has no code for {order.database or 'no database'}", hint
        )


def _check_manifest(text: str, manifest: Path, environment: Mapping[str, str]) -> None:
    try:
        source = Source(manifest.name, text.removeprefix("\ufeff"), "")
        validate(source, environment, Disk(manifest.resolve().parent))
    except ManifestInvalid as error:
        raise ManifestInvalid(
            f"with this service {manifest.name} would not be valid; nothing was written",
            error.problems,
        ) from error
