"""Tar archives that carry secrets into a container and account files out of it."""

from __future__ import annotations

import hashlib
import io
import posixpath
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from msctl.model.desired import SecretFile

_MODE = 0o400
_SIDES = ("a", "b")
_HIDDEN = ".."
_ACCOUNT_FIELDS = 4
_GROUP_FIELDS = 3


@dataclass(frozen=True, slots=True)
class Owner:
    """Numeric owner of files in a container."""

    uid: int
    gid: int


def plain_files(files: Sequence[SecretFile], owner: Owner) -> bytes:
    """An archive of ``files`` under their own names, for a container that does not run."""
    return _archive([_regular(f.name, _content(f), owner) for f in files])


def folders(found: Sequence[tuple[str, Sequence[SecretFile], Owner]]) -> bytes:
    """An archive of several folders' files, for a container that does not run and has the folders."""
    return _archive(
        [_regular(f"{name}/{f.name}", _content(f), owner) for name, files, owner in found for f in files]
    )


def replacements(files: Sequence[SecretFile], owner: Owner, present: bytes) -> bytes:
    """An archive that replaces ``files`` under a running process without a half-written moment.

    The engine extracts a file by removing the old one and writing the new one in place. So each
    content goes to the one of two hidden names that the archive ``present`` of the folder does not use,
    and only when it is complete with owner and mode does its name become a link to it: a reader sees the
    old file, the new one, or for an instant none. No version but the last stays beside the present one.
    """
    targets = _link_targets(present)
    entries = []
    for file in files:
        first, second = (f"{_HIDDEN}{file.name}.{side}" for side in _SIDES)
        hidden = second if targets.get(file.name) == first else first
        entries += [_regular(hidden, _content(file), owner), _link(file.name, hidden, owner)]
    return _archive(entries)


def digests(archive: bytes) -> dict[str, str]:
    """SHA-256 of each file in an archive of their folder, by name, each link followed."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        members = {posixpath.basename(m.name): m for m in tar.getmembers() if not m.isdir()}
        found = {}
        for name, named in members.items():
            if name.startswith(_HIDDEN):
                continue
            member = members.get(named.linkname) if named.issym() else named
            stream = tar.extractfile(member) if member is not None and member.isreg() else None
            if stream is not None:
                found[name] = hashlib.sha256(stream.read()).hexdigest()
        return found


def only_file(archive: bytes) -> str:
    """Text of the first regular file of an archive; empty when there is none."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar.getmembers():
            stream = tar.extractfile(member) if member.isreg() else None
            if stream is not None:
                return stream.read().decode("utf-8", "replace")
    return ""


def named_owner(user: str, accounts: str, groups: str) -> Owner:
    """Owner for ``user[:group]``, by number or by name in these /etc/passwd and /etc/group texts.

    As the engine does it: a number without an account is itself, with group 0; an unknown name is root here,
    since the engine refuses to start such a container anyway.
    """
    name, _, group = user.partition(":")
    account = _account(name or "0", accounts)
    uid = _number(name) if account is None else int(account["uid"])
    gid = int(account["gid"]) if account else 0
    if group:
        found = _group(group, groups)
        gid = _number(group) if found is None else found
    return Owner(uid, gid)


def numeric_owner(user: str) -> Owner | None:
    """Owner for a user that needs no looking up: empty, or ``uid:gid``."""
    uid, _, gid = (user or "0:0").partition(":")
    return Owner(int(uid), int(gid)) if uid.isdecimal() and gid.isdecimal() else None


def _account(name: str, accounts: str) -> Mapping[str, str] | None:
    for line in accounts.splitlines():
        fields = line.split(":")
        if len(fields) >= _ACCOUNT_FIELDS and name in (fields[0], fields[2]):
            return {"uid": fields[2], "gid": fields[3]}
    return None


def _group(name: str, groups: str) -> int | None:
    for line in groups.splitlines():
        fields = line.split(":")
        if len(fields) >= _GROUP_FIELDS and name in (fields[0], fields[2]):
            return int(fields[2])
    return None


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _link_targets(archive: bytes) -> Mapping[str, str]:
    if not archive:
        return {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {posixpath.basename(m.name): m.linkname for m in tar.getmembers() if m.issym()}


def _content(file: SecretFile) -> bytes:
    return file.content.reveal().encode()


def _regular(name: str, content: bytes, owner: Owner) -> tuple[tarfile.TarInfo, bytes]:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), _MODE
    entry.uid, entry.gid = owner.uid, owner.gid
    return entry, content


def _link(name: str, target: str, owner: Owner) -> tuple[tarfile.TarInfo, bytes]:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    entry.uid, entry.gid = owner.uid, owner.gid
    return entry, b""


def _archive(entries: Sequence[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for entry, content in entries:
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
