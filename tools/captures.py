"""Takes the pictures of docs/pictures: what commands print, as SVG, and the page, as PNG.

Run it in the folder of a project that runs, with the commands to draw; 'dashboard' is the page.

python -m tools.captures DOCS/PICTURES status top 'trace --slowest' dashboard
"""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from playwright.sync_api import ViewportSize

WIDTH = 100
HEAD, TAIL = 8, 26
"""Of what is longer than both together only so many first and last lines are drawn."""

PAGE: ViewportSize = {"width": 1280, "height": 800}
DRAWN = "document.querySelectorAll('td svg path').length >= 3 && document.getElementById('stale').hidden"
"""The page is worth a picture once the curves of traffic are there."""

SWITCHES = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""Rich's letters come from a server of others; without it a reader's own fixed-width font serves."""

MSCTL = str(Path(sys.executable).parent / "msctl")


def capture(words: str, folder: Path) -> Path:
    """Run one command as on a terminal without motion and draw what it printed, progress too."""
    environment = {**os.environ, "FORCE_COLOR": "1", "TTY_INTERACTIVE": "0", "COLUMNS": str(WIDTH)}
    done = subprocess.run(
        [MSCTL, *shlex.split(words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env=environment,
    )
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    console.print(Text(f"$ msctl {words}", "bold"))
    for line in shortened(done.stdout.rstrip().splitlines()):
        console.print(Text.from_ansi(line), no_wrap=True, overflow="ellipsis", crop=True)
    name = words.split(maxsplit=1)[0]
    target = folder / f"{name}.svg"
    drawn = console.export_svg(title=f"msctl {words}", unique_id=name)
    target.write_text(_FONTS.sub("", drawn), encoding="utf-8")
    return target


def shortened(lines: list[str]) -> list[str]:
    """``lines`` without the middle of many."""
    hidden = len(lines) - HEAD - TAIL
    return lines if hidden <= 1 else [*lines[:HEAD], f"… {hidden} more lines", *lines[-TAIL:]]


def photograph(folder: Path) -> Path:
    """Open the page of the running project and draw its first screen."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    asked = [MSCTL, "dashboard", "--no-open"]
    address = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()[-1]
    target = folder / "dashboard.png"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(SWITCHES))
        page = browser.new_page(viewport=PAGE)
        page.goto(address)
        page.wait_for_function(DRAWN)
        page.screenshot(path=str(target))
        browser.close()
    return target


def main() -> None:
    """Draw every command that is named."""
    folder, *commands = sys.argv[1:]
    Path(folder).mkdir(parents=True, exist_ok=True)
    for words in commands:
        print(photograph(Path(folder)) if words == "dashboard" else capture(words, Path(folder)))


if __name__ == "__main__":
    main()
