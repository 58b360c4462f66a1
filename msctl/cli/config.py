"""``config`` and ``open``."""

from __future__ import annotations

import os
import sys
import webbrowser
from threading import Event
from typing import Annotated

import typer

from msctl.cli.completion import services
from msctl.cli.context import Context

METRICS = "metrics"


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    app.command()(config)
    app.command("open")(open_page)


def config(
    context: typer.Context,
    resolve: Annotated[
        bool, typer.Option("--resolve", help="Show what variables stand for; they may hold secrets.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON: path, value, origin.")] = False,
) -> None:
    """Show the manifest as it takes effect: every key, its defaults too, and where each comes from.

    The answer is a manifest of the same meaning, overlays laid in.

    Examples:

      msctl config

      msctl --env prod config | grep -v default
    """
    from msctl.manifest import source  # noqa: PLC0415
    from msctl.manifest.effective import as_json as to_json  # noqa: PLC0415
    from msctl.manifest.effective import as_yaml, effective  # noqa: PLC0415
    from msctl.manifest.findings import Findings  # noqa: PLC0415
    from msctl.manifest.interpolate import interpolate  # noqa: PLC0415
    from msctl.manifest.loading import read_tree  # noqa: PLC0415
    from msctl.manifest.overlay import Overlay  # noqa: PLC0415

    wired: Context = context.obj
    _ = wired.loaded
    text = source.read(wired.manifest)
    over = source.read(wired.overlay) if wired.overlay else None
    findings = Findings(text.name, text.lines + (over.lines if over else ()))
    root = read_tree(text, findings, over)
    if resolve:
        root = interpolate(root, os.environ, findings)
    settings = effective(root, text.name, Overlay(over.name, len(text.lines)) if over else None)
    print(to_json(settings) if as_json else as_yaml(settings), end="\n" if as_json else "")


def open_page(
    context: typer.Context,
    service: Annotated[
        str | None,
        typer.Argument(
            metavar="[SERVICE]",
            help="Its first route; metrics: Prometheus; default: the gateway.",
            autocompletion=services,
        ),
    ] = None,
    show: Annotated[bool, typer.Option("--print", help="Only print the address.")] = False,
) -> None:
    """Open the gateway, a route or Prometheus in the browser; without one the address is printed.

    Examples:

      msctl open

      msctl open orders --print

      msctl open metrics
    """
    wired: Context = context.obj
    if service == METRICS and METRICS not in wired.loaded.project.services:
        _open_metrics(wired, show=show)
        return
    url = _address(wired, service)
    if show or not sys.stdout.isatty() or not _opened(url):
        print(url)


def _open_metrics(wired: Context, *, show: bool) -> None:
    """Prometheus's page; on a remote engine it is there until Ctrl-C."""
    from msctl.errors import ContainerDown, NotRunning, ObjectMissing, UsageError  # noqa: PLC0415

    if not wired.loaded.project.platform.metrics:
        raise UsageError("there is no Prometheus: platform.metrics is off", "'msctl top' works without it")
    with wired.access() as access:
        try:
            url = access.metrics()
        except (ObjectMissing, ContainerDown) as exc:
            raise NotRunning("Prometheus does not run", "start the project with 'msctl up'") from exc
        if show or not sys.stdout.isatty() or not _opened(url):
            print(url, flush=True)
        if not wired.engine.local:
            wired.consoles.messages.print("the engine is remote: the address works until Ctrl-C")
            Event().wait()


def _address(wired: Context, service: str | None) -> str:
    from msctl.errors import UsageError  # noqa: PLC0415
    from msctl.manifest.similar import known  # noqa: PLC0415

    project = wired.loaded.project
    if service is None:
        return project.gateway.public_url
    if service not in project.services:
        hint = known(service, project.services, f"there are: {', '.join(project.services)}")
        raise UsageError(f"there is no service '{service}'", hint)
    for route in project.gateway.routes:
        if service == route.service or service in route.services:
            return project.gateway.public_url + (route.path.partition("{")[0].rstrip("/") or "/")
    raise UsageError(f"service '{service}' has no route", "give it one under gateway.routes")


def _opened(url: str) -> bool:
    try:
        return webbrowser.open(url)
    except webbrowser.Error:
        return False
