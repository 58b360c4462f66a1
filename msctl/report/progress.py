"""Sinks that draw progress on stderr: live on a terminal, plain lines elsewhere, JSON lines on request."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from threading import Lock
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from msctl.events import Event, Notice, Sink, StepDone, StepFailed, StepProgress, StepStarted
from msctl.report.console import harmless


class Renderer(Sink, Protocol):
    """A sink that is open for as long as the work lasts."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class _Renderer:
    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


class QuietProgress(_Renderer):
    """Shows warnings only."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def emit(self, event: Event) -> None:
        """Print ``event`` if it is a warning."""
        if isinstance(event, Notice) and event.level == "warning":
            self._console.print(_notice(event))


class PlainProgress(_Renderer):
    """One line for each step that ended and each notice."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = Lock()

    def emit(self, event: Event) -> None:
        """Print ``event`` if it says something final."""
        line = _line(event)
        if line is not None:
            with self._lock:
                self._console.print(line)


class JsonProgress(_Renderer):
    """Every event as one JSON object a line on stderr."""

    def __init__(self) -> None:
        self._lock = Lock()

    def emit(self, event: Event) -> None:
        """Write ``event``."""
        with self._lock:
            print(json.dumps({"event": type(event).__name__, **asdict(event)}), file=sys.stderr, flush=True)


class LiveProgress(_Renderer):
    """Steps under way with a spinner and what they wait for, finished ones scroll above."""

    def __init__(self, console: Console, height: int) -> None:
        self._console = console
        self._most = max(3, height - 4)
        self._open: dict[tuple[str, str], str] = {}
        self._spinner = Spinner("dots")
        self._lock = Lock()
        self._live = Live(console=console, get_renderable=self._frame, refresh_per_second=10, transient=True)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, trace)

    def emit(self, event: Event) -> None:
        """Draw ``event``."""
        with self._lock:
            self._remember(event)
        line = _line(event)
        if line is not None:
            self._live.console.print(line)

    def _remember(self, event: Event) -> None:
        if isinstance(event, StepStarted):
            self._open[event.subject, event.action] = event.waits_for or ""
        elif isinstance(event, StepDone | StepFailed):
            self._open.pop((event.subject, event.action), None)
        elif isinstance(event, StepProgress):
            for key in self._open:
                if key[0] == event.subject:
                    self._open[key] = event.detail

    def _frame(self) -> Group:
        with self._lock:
            steps = list(self._open.items())
        lines: list[Text | Spinner] = [
            Text(f"  {action} {subject}  {harmless(detail)}", "dim", no_wrap=True, overflow="ellipsis")
            for (subject, action), detail in steps[: self._most]
        ]
        if not lines:
            return Group()
        hidden = len(steps) - self._most
        more = f" and {hidden} more" if hidden > 0 else ""
        self._spinner.update(text=Text(f"{len(steps)} under way{more}"))
        return Group(self._spinner, *lines)


def renderer(console: Console, *, quiet: bool, as_json: bool) -> Renderer:
    """The renderer that fits the stream behind ``console``."""
    if as_json:
        return JsonProgress()
    if quiet:
        return QuietProgress(console)
    if console.is_interactive:
        return LiveProgress(console, console.height)
    return PlainProgress(console)


def _line(event: Event) -> Text | None:
    if isinstance(event, StepDone):
        detail = f"  {harmless(event.detail)}" if event.detail else ""
        done = f"{event.action} {event.subject}"
        return Text.assemble(("✓ ", "green"), f"{done:<44} {event.seconds:5.1f} s", (detail, "dim"))
    if isinstance(event, StepFailed):
        return Text.assemble(("✗ ", "bold red"), f"{event.action} {event.subject}: {harmless(event.cause)}")
    return _notice(event) if isinstance(event, Notice) else None


def _notice(event: Notice) -> Text:
    if event.level == "warning":
        return Text.assemble(("warning: ", "bold yellow"), harmless(event.text))
    return Text(harmless(event.text))
