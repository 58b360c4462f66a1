"""Log lines as a person or a program reads them."""

from __future__ import annotations

import json
import zlib
from typing import Any

from rich.text import Text

from msctl.report.console import harmless

_COLOURS = ("cyan", "green", "magenta", "yellow", "blue", "bright_cyan", "bright_green", "bright_magenta")


def log_text(container: str, time: str, text: str, width: int) -> Text:
    """One line with the time of day and its container's name in a colour of its own."""
    colour = _COLOURS[zlib.crc32(container.encode()) % len(_COLOURS)]
    return Text.assemble((time, "dim"), " ", (f"{container:<{width}}", colour), " ", harmless(text))


def log_json(container: str, time: str, stream: str, text: str) -> str:
    """One line as a JSON object, its text as it was written."""
    values: dict[str, Any] = {"container": container, "time": time, "stream": stream, "text": text}
    return json.dumps(values, ensure_ascii=False)
