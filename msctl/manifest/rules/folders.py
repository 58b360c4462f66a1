"""The rules that look at the disk: build folders and certificate files."""

from __future__ import annotations

import stat
from pathlib import Path

from msctl.manifest import similar
from msctl.manifest.disk import Disk
from msctl.manifest.nodes import Node, child, entries, text
from msctl.manifest.nodes import Path as KeyPath
from msctl.manifest.rules.context import Context

_MOST_SIBLINGS = 200


def check_folders(context: Context, disk: Disk) -> None:
    """Every path that the manifest names leads to what it should."""
    for _, entry, path in context.services():
        build = child(entry.value, "build")
        if build is not None:
            _build(context, build, (*path, "build"), disk)
    for name, entry in entries(child(context.root, "auth", "clients")):
        file = child(entry.value, "public_key")
        if file is not None:
            _file(context, file, ("auth", "clients", name, "public_key"), disk)
    for key in ("certificate", "key"):
        file = child(context.root, "gateway", "tls", key)
        if file is not None:
            _file(context, file, ("gateway", "tls", key), disk)


def _build(context: Context, node: Node, path: KeyPath, disk: Disk) -> None:
    written = text(node)
    if written is None or not _usable(context, node, path, written):
        return
    target = disk.folder / written
    kind = disk.kind(target)
    if kind is None:
        context.findings.on(node, path, f"there is no folder '{written}'", _sibling(target, written))
    elif kind != stat.S_IFDIR:
        context.findings.on(node, path, f"'{written}' is a file", "a folder that holds a Dockerfile")
    elif disk.kind(target / "Dockerfile") != stat.S_IFREG:
        hint = "a service is a folder with a Dockerfile, or name a finished 'image:' instead"
        context.findings.on(node, path, f"'{written}' has no Dockerfile", hint)


def _file(context: Context, node: Node, path: KeyPath, disk: Disk) -> None:
    written = text(node)
    if written is None or not _usable(context, node, path, written):
        return
    if disk.kind(disk.folder / written) != stat.S_IFREG:
        context.findings.on(node, path, "this file does not exist", "a path relative to the manifest")


def _usable(context: Context, node: Node, path: KeyPath, written: str) -> bool:
    if written and "\0" not in written and len(written.encode(errors="replace")) < 4096:  # noqa: PLR2004
        return True
    context.findings.on(node, path, "this is not a path", "a path relative to the manifest")
    return False


def _sibling(target: Path, written: str) -> str:
    otherwise = "a folder relative to the manifest"
    try:
        names = [entry.name for entry, _ in zip(target.parent.iterdir(), range(_MOST_SIBLINGS), strict=False)]
    except OSError:
        return otherwise
    near = similar.closest(target.name, names)
    return f"did you mean '{written.removesuffix(target.name)}{near}'?" if near else otherwise
