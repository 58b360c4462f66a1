"""A Compose v2 to measure against: the one that is installed, else a later Debian release's package.

The package is fetched by apt itself, from the mirror that this machine's apt is set to; nothing is installed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

RELEASE = "trixie"
_PACKAGE = "docker-compose"
_SECOND = re.compile(r"\bv?2\.\d+")
_SOURCES = Path("/etc/apt")


def compose_command() -> tuple[str, ...] | None:
    """The command that is Compose v2, ``None`` where none can be had."""
    for command in (("docker", "compose"), ("docker-compose",)):
        if _is_second(command):
            return command
    fetched = _fetched()
    return (str(fetched),) if fetched is not None and _is_second((str(fetched),)) else None


def version(command: tuple[str, ...]) -> str:
    """What it calls itself."""
    return subprocess.run(
        [*command, "version", "--short"], capture_output=True, text=True, check=True
    ).stdout.strip()


def _is_second(command: tuple[str, ...]) -> bool:
    if shutil.which(command[0]) is None:
        return False
    done = subprocess.run([*command, "version", "--short"], capture_output=True, text=True, check=False)
    return done.returncode == 0 and _SECOND.match(done.stdout.strip()) is not None


def _fetched() -> Path | None:
    folder = _cache()
    binary = folder / "root/usr/libexec/docker/cli-plugins/docker-compose"
    if binary.exists():
        return binary
    sources = _later_sources()
    if not sources or shutil.which("apt-get") is None:
        return None
    try:
        _fetch(folder, sources)
    except subprocess.CalledProcessError as exc:
        print(f"no Compose v2 from {RELEASE}: {exc.stderr.strip()[-300:]}")
        return None
    return binary if binary.exists() else None


def _fetch(folder: Path, sources: str) -> None:
    for name in ("state/lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    listing = folder / f"{RELEASE}.sources"
    listing.write_text(sources)
    settings = {
        "Dir::Etc::sourcelist": listing,
        "Dir::Etc::sourceparts": "-",
        "Dir::State": folder / "state",
        "Dir::State::status": os.devnull,
        "Dir::Cache": folder / "cache",
        "APT::Sandbox::User": "root",
    }
    options = [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]
    for command in (["update"], ["download", _PACKAGE]):
        subprocess.run(
            ["apt-get", "-q", *options, *command], cwd=folder, capture_output=True, text=True, check=True
        )
    package = next(folder.glob(f"{_PACKAGE}_*.deb"))
    subprocess.run(["dpkg-deb", "-x", package, folder / "root"], capture_output=True, text=True, check=True)


def _later_sources() -> str:
    """This machine's own entries for its release, rewritten for a later one."""
    release = _codename()
    blocks = [
        block
        for path in sorted(_SOURCES.glob("sources.list.d/*.sources"))
        for block in re.split(r"\n\s*\n", path.read_text())
    ]
    own = [b for b in blocks if re.search(rf"^Suites:.*\b{release}(\s|$)", b, re.MULTILINE)]
    return (
        "\n\n".join(re.sub(r"^Suites:.*$", f"Suites: {RELEASE}", b, flags=re.MULTILINE) for b in own) + "\n"
    )


def _codename() -> str:
    found = re.search(r"^VERSION_CODENAME=(\w+)", Path("/etc/os-release").read_text(), re.MULTILINE)
    return found[1] if found else "none"


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "msctl-benchmarks" / RELEASE
