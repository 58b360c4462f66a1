"""The entry point and the error boundary: nothing else prints errors or chooses exit codes."""

from __future__ import annotations

import gc
import io
import os
import signal
import sys
import traceback
from contextlib import suppress

from msctl.errors import Interrupted, MsctlError, remedy_of

_OBJECTS_BEFORE_A_LOOK = 100_000
"""Modules are made of objects that stay: to look for garbage among them takes a tenth of a command's time."""


def main() -> None:
    """Run the command line and exit with its code."""
    gc.set_threshold(_OBJECTS_BEFORE_A_LOOK)
    try:
        _tolerate_narrow_streams()
        run()
    except Interrupted as exc:
        _leave(exc)
    except KeyboardInterrupt:
        _leave(Interrupted("interrupted"))
    except MsctlError as exc:
        _show(exc)
        sys.exit(exc.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as exc:
        if _verbose():
            traceback.print_exception(exc)
        place = f"{exc.filename}: " if exc.filename else ""
        print(f"error: {place}{exc.strerror or exc}\nhint: {remedy_of(exc)}", file=sys.stderr, flush=True)
        os._exit(1)  # stdout would fail once more when it is flushed
    except Exception as exc:
        _show_bug(exc)
        sys.exit(1)
    finally:
        gc.freeze()  # else the interpreter's end looks for garbage among all modules


def run() -> None:
    """The commands; imported here, so that Ctrl-C meanwhile is no traceback."""
    from msctl.cli.app import app  # noqa: PLC0415

    app()


def _leave(interrupted: Interrupted) -> None:
    """End at once, since threads may still wait for an engine that does not answer; Ctrl-C again kills."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _show(interrupted)
    with suppress(OSError):
        sys.stdout.flush()
    os._exit(interrupted.exit_code)


def _tolerate_narrow_streams() -> None:
    """What a terminal's encoding does not have is shown as '?' instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _verbose() -> bool:
    return bool({"-v", "--verbose"} & set(sys.argv[1:])) or bool(os.environ.get("MSCTL_VERBOSE"))


def _show(error: MsctlError) -> None:
    from msctl.report.cards import show_error  # noqa: PLC0415
    from msctl.report.console import consoles  # noqa: PLC0415

    if _verbose():
        traceback.print_exception(error)
    show_error(consoles(plain="--plain" in sys.argv).messages, error)


def _show_bug(error: Exception) -> None:
    if _verbose():
        traceback.print_exception(error)
        return
    print(f"error: msctl stumbled: {type(error).__name__}: {error}", file=sys.stderr)
    print("hint: this is a bug of msctl; --verbose shows where it happened", file=sys.stderr)
