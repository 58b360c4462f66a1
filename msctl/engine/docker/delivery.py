"""Delivering secrets: files of a container's own small volume at /run/secrets.

A volume, because files put into a read-only root, a tmpfs or a read-only volume do not arrive or do not
stay. It is filled through the engine's archive call, which works on a remote engine too.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msctl.engine.docker.archive import (
    digests,
    named_owner,
    numeric_owner,
    only_file,
    plain_files,
    replacements,
)
from msctl.engine.docker.payload import SECRETS_FOLDER
from msctl.errors import EngineError, ObjectMissing

if TYPE_CHECKING:
    from msctl.engine.docker.archive import Owner
    from msctl.engine.docker.client import EngineClient
    from msctl.engine.docker.observe import Json
    from msctl.model.desired import SecretFile

_PATH_STAT = "X-Docker-Container-Path-Stat"


def deliver(client: EngineClient, found: Json, files: Sequence[SecretFile]) -> None:
    """Put ``files`` into the inspected container ``found``; in one that has run each is replaced whole."""
    if all(mount["Destination"] != SECRETS_FOLDER for mount in found["Mounts"]):
        name = found["Name"].removeprefix("/")
        raise EngineError(f"container {name} was created without secrets", hint="'msctl up' makes it anew")
    owner = _owner(client, found["Id"], found["Config"]["User"])
    if found["State"]["Status"] == "created":
        archive = plain_files(files, owner)
    else:
        archive = replacements(files, owner, _fetched(client, found["Id"], SECRETS_FOLDER) or b"")
    client.call("PUT", f"/containers/{found['Id']}/archive", data=archive, query={"path": SECRETS_FOLDER})


def secret_digests(client: EngineClient, container: str) -> Mapping[str, str]:
    """SHA-256 of each file that is there."""
    client.read(f"/containers/{container}/json")
    return digests(archive) if (archive := _fetched(client, container, SECRETS_FOLDER)) else {}


def secrets_stamp(client: EngineClient, container: str) -> str:
    """When the folder's entries last changed, to the nanosecond; empty where there is none."""
    try:
        answer = client.call("HEAD", f"/containers/{container}/archive", query={"path": SECRETS_FOLDER})
    except ObjectMissing:
        client.read(f"/containers/{container}/json")
        return ""
    return str(json.loads(base64.b64decode(answer.headers[_PATH_STAT]))["mtime"])


def _owner(client: EngineClient, container: str, user: str) -> Owner:
    known = numeric_owner(user)
    if known is not None:
        return known
    return named_owner(user, _text(client, container, "/etc/passwd"), _text(client, container, "/etc/group"))


def _text(client: EngineClient, container: str, path: str) -> str:
    archive = _fetched(client, container, path)
    return only_file(archive) if archive else ""


def _fetched(client: EngineClient, container: str, path: str) -> bytes | None:
    try:
        return client.call("GET", f"/containers/{container}/archive", query={"path": path}).content
    except ObjectMissing:
        return None
