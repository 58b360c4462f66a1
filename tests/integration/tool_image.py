"""A test image from Debian packages: no image registry, no build, one import of a tar file."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from pathlib import Path

from msctl.engine.docker.client import EngineClient
from msctl.errors import ImageError

REFERENCE = "msctl-test/tool:1"
_SEEDS = ("busybox-static", "python3-minimal")
_CLOSURE = (
    "apt-cache",
    "depends",
    "--recurse",
    "--no-recommends",
    "--no-suggests",
    "--no-conflicts",
    "--no-breaks",
    "--no-replaces",
    "--no-enhances",
)
_PASSWD = "root:x:0:0:root:/:/bin/sh\napp:x:1234:1235:app:/:/bin/sh\n"
_GROUP = "root:x:0:\napp:x:1235:\nother:x:1300:\n"


def provide_tool_image(client: EngineClient) -> str:
    """The image's reference, after making it if the engine lacks it."""
    try:
        client.read(f"/images/{REFERENCE}/json")
    except ImageError:
        repository, _, tag = REFERENCE.partition(":")
        client.import_image_from_data(_root(), repository, tag, changes=['CMD ["sleep", "3600"]'])
    return REFERENCE


def _root() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "root")
        root.mkdir()
        for package in _downloaded(Path(folder)):
            subprocess.run(["dpkg-deb", "-x", str(package), str(root)], check=True)
        _furnish(root)
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            tar.add(root, arcname="", filter=_as_root)
        return buffer.getvalue()


def _downloaded(folder: Path) -> list[Path]:
    listed = subprocess.run([*_CLOSURE, *_SEEDS], check=True, capture_output=True, text=True).stdout
    names = {line for line in listed.splitlines() if line and line[0].isalnum()}
    subprocess.run(["apt-get", "download", "-q", *sorted(names)], cwd=folder, check=True, capture_output=True)
    return sorted(folder.glob("*.deb"))


def _furnish(root: Path) -> None:
    (root / "etc").mkdir(exist_ok=True)
    (root / "etc/passwd").write_text(_PASSWD)
    (root / "etc/group").write_text(_GROUP)
    (root / "tmp").mkdir(exist_ok=True)
    busybox = root / "bin/busybox"
    applets = subprocess.run([str(busybox), "--list"], check=True, capture_output=True, text=True).stdout
    for applet in applets.split():
        link = root / "bin" / applet
        if not link.exists():
            link.symlink_to("busybox")


def _as_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry
