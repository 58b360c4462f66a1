"""``dev``: keep what runs equal to its sources while they are worked on."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from msctl.cli.completion import services
from msctl.cli.context import Context

if TYPE_CHECKING:
    from msctl.events import Sink
    from msctl.model.project import Project
    from msctl.orchestrator.dev.debugging import Debugger
    from msctl.orchestrator.dev.session import Session

_LOOK = 0.5
"""Seconds between two looks whether another command has ended."""


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    app.command()(dev)


def dev(
    context: typer.Context,
    only: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SERVICE]...", help="Watch these; default: all.", autocompletion=services),
    ] = None,
    timeout: Annotated[
        str, typer.Option(help="How long each part may take to become healthy, e.g. 30s.")
    ] = "1m",
    debug: Annotated[
        str | None,
        typer.Option(
            metavar="SERVICE",
            help="Let a debugger attach to this service, in Python or Node.",
            autocompletion=services,
        ),
    ] = None,
) -> None:
    """Start everything, then copy sources into what runs as they are saved, and restart it.

    Where copying is not enough (Dockerfile, requirements, compiled languages, the manifest) it builds, as
    'msctl up' does. An instance that does not come up with its new files is told with its last lines.
    Ctrl-C ends the watching; everything goes on running, and 'msctl up' builds what was copied.

    Examples:

      msctl dev

      msctl dev orders payments --timeout 20s

      msctl dev --debug orders
    """
    from msctl import labels  # noqa: PLC0415
    from msctl.cli.durations import seconds  # noqa: PLC0415
    from msctl.orchestrator.dev.copying import Copying  # noqa: PLC0415
    from msctl.orchestrator.dev.session import Session  # noqa: PLC0415
    from msctl.orchestrator.probing import Prober  # noqa: PLC0415

    wired: Context = context.obj
    patience = seconds(timeout)
    project = wired.loaded.project
    chosen = _chosen(project, only or ())
    prober = Prober(wired.engine, labels.container(project.name, "gateway"))

    def up(wanted: Project, sink: Sink) -> None:
        from msctl.orchestrator.up import Up  # noqa: PLC0415

        Up(wired.engine, wired.images, wired.workspace, sink, timeout=patience).run(wanted)

    debugger = None if debug is None else _debugger(project, debug)
    session = Session(
        lambda: _prepared(_load(wired, project.name), debugger),
        up,
        Copying(wired.engine, wired.workspace, prober, timeout=patience),
        chosen,
    )
    try:
        with _attachable(wired, debugger):
            _follow(wired, session)
    except KeyboardInterrupt:
        _farewell(wired, session, debugger)
    finally:
        prober.close()


def _debugger(project: Project, name: str) -> Debugger:
    from msctl.orchestrator.dev.debugging import debugger_of  # noqa: PLC0415

    _chosen(project, (name,))
    return debugger_of(project, project.services[name])


def _prepared(project: Project, debugger: Debugger | None) -> Project:
    from msctl.orchestrator.dev.debugging import debugged  # noqa: PLC0415

    return project if debugger is None else debugged(project, debugger)


@contextmanager
def _attachable(wired: Context, debugger: Debugger | None) -> Iterator[None]:
    """Say first how to attach: it takes effect as soon as the service runs."""
    if debugger is None:
        yield
        return
    from msctl.orchestrator.dev.debugging import attachable, configuration  # noqa: PLC0415

    project = wired.loaded.project
    with attachable(wired.engine, project.name, debugger):
        entry = json.dumps(configuration(project, debugger))
        wired.consoles.messages.print(
            f"a debugger of '{debugger.service}' can attach to 127.0.0.1:{debugger.port}; for VS Code: ",
            entry,
            sep="",
            markup=False,
            soft_wrap=True,
        )
        yield


def _follow(wired: Context, session: Session) -> None:
    from msctl.orchestrator.dev.watching import stamps, wakes  # noqa: PLC0415

    files = [path for path in (wired.manifest, wired.overlay) if path is not None]
    while True:
        before = stamps(files)
        _turn(wired, session)
        for wake in wakes(list(session.watched().values()), before):
            if wake == "manifest":
                session.manifest_changed()
                break
            if wake == "sources" or session.changed():
                _turn(wired, session)


def _turn(wired: Context, session: Session) -> None:
    from msctl.errors import EngineUnavailable, MsctlError, StartFailed  # noqa: PLC0415
    from msctl.report.cards import show_error  # noqa: PLC0415

    say = wired.consoles.messages.print
    try:
        with _lock(wired, wait=session.project is not None), wired.progress(as_json=False) as sink:
            done = session.catch_up(sink)
    except EngineUnavailable:
        raise
    except MsctlError as error:
        if session.project is None or not (session.begun or isinstance(error, StartFailed)):
            raise
        show_error(wired.consoles.messages, error)
        done = True
    if done and not wired.quiet:
        say(f"watching {', '.join(session.watched())}; Ctrl-C ends it", style="dim")


@contextmanager
def _lock(wired: Context, *, wait: bool) -> Iterator[None]:
    """Keep other commands off; with ``wait`` one that is at work is told once, and waited for."""
    from msctl.errors import Locked  # noqa: PLC0415

    told = False
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(wired.target(None).lock("dev"))
                break
            except Locked as error:
                if not wait:
                    raise
                if not told:
                    wired.consoles.messages.print(f"{error.message}; what was saved waits for its end")
                told = True
                time.sleep(_LOOK)
        yield


def _farewell(wired: Context, session: Session, debugger: Debugger | None) -> None:
    copied = session.behind()
    state = f"what runs of '{wired.loaded.project.name}' goes on running"
    if not session.finished:
        state += "; what was under way is not done: 'msctl up' continues it"
    if copied:
        state += f"; copied files of {', '.join(copied)} are in no image yet: 'msctl up' builds them"
    if debugger is not None:
        state += f"; '{debugger.service}' still listens for a debugger: 'msctl up' ends that"
    wired.consoles.messages.print(f"no longer watching; {state}")


def _chosen(project: Project, only: list[str] | tuple[str, ...]) -> frozenset[str]:
    from msctl.errors import UsageError  # noqa: PLC0415
    from msctl.manifest.similar import known  # noqa: PLC0415

    built = [service.name for service in project.services.values() if service.build is not None]
    for name in only:
        if name not in project.services:
            hint = known(name, project.services, f"with sources: {', '.join(built) or 'none'}")
            raise UsageError(f"there is no service '{name}'", hint)
        if name not in built:
            raise UsageError(f"service '{name}' has no sources here: it runs a finished image", "name others")
    if not built:
        raise UsageError("no service of this project has sources to watch", "give one a 'build: FOLDER'")
    return frozenset(only)


def _load(wired: Context, name: str) -> Project:
    from msctl.errors import UsageError  # noqa: PLC0415
    from msctl.manifest.loading import load  # noqa: PLC0415

    project = load(wired.manifest, os.environ, wired.overlay).project
    if project.name != name:
        raise UsageError(
            f"the project is called '{project.name}' now", "end this 'msctl dev' and begin another"
        )
    return wired.scaled(project)
