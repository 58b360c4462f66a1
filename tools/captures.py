"""Takes the pictures of docs/: what commands print, as SVG. Run it in a running project's folder.

python -m tools.captures DOCS status 'conformance audit' doctor
"""

from __future__ import annotations

import io
import os
import shlex
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

WIDTH = 100


def capture(words: str, folder: Path) -> Path:
    """Run one command as on a terminal and draw what it printed."""
    program = [str(Path(sys.executable).parent / "msctl"), *shlex.split(words)]
    environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(WIDTH)}
    done = subprocess.run(program, capture_output=True, text=True, check=False, env=environment)
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    console.print(Text(f"$ msctl {words}", "bold"))
    console.print(Text.from_ansi(done.stdout))
    target = folder / f"{words.replace(' ', '-')}.svg"
    console.save_svg(str(target), title=f"msctl {words}")
    return target


def main() -> None:
    """Draw every command that is named."""
    folder, *commands = sys.argv[1:]
    for words in commands:
        print(capture(words, Path(folder)))


if __name__ == "__main__":
    main()
