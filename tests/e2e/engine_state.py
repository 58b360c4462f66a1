"""What really is on the engine, as the docker command tells it."""

from __future__ import annotations

import json
import subprocess
from functools import partial
from typing import Any

from msctl import labels
from tests.integration.waiting import eventually

_TIMEOUT = 120.0


def docker(*arguments: str, stdin: str | None = None) -> str:
    """Output of a docker command; fails with what it wrote when it fails."""
    done = subprocess.run(
        ["docker", *arguments], input=stdin, capture_output=True, text=True, check=False, timeout=_TIMEOUT
    )
    assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def succeeds(*arguments: str) -> bool:
    """Whether a docker command ends well."""
    done = subprocess.run(["docker", *arguments], capture_output=True, check=False, timeout=_TIMEOUT)
    return done.returncode == 0


def listed(kind: str, project: str) -> list[str]:
    """Ids (of volumes: names) of the containers, networks or volumes that bear the project's label."""
    everything = ["--all"] if kind == "container" else []
    found = docker(kind, "ls", *everything, "--quiet", "--filter", f"label={labels.PROJECT}={project}")
    return found.split()


def inspected(kind: str, project: str) -> dict[str, dict[str, Any]]:
    """The engine's inspections of the project's objects of one kind, by name.

    What goes away between the two questions is left out.
    """
    ids = listed(kind, project)
    if not ids:
        return {}
    done = subprocess.run(
        ["docker", kind, "inspect", *ids], capture_output=True, text=True, check=False, timeout=_TIMEOUT
    )
    gone = [line for line in done.stderr.splitlines() if line]
    assert all("no such" in line.lower() for line in gone), done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return {item["Name"].removeprefix("/"): item for item in found}


def containers(project: str) -> dict[str, dict[str, Any]]:
    """The project's containers by name."""
    return inspected("container", project)


def container_ids(project: str) -> dict[str, str]:
    """Ids of the project's containers by name; a new container has a new id.

    One question, which holds while containers come and go.
    """
    shown = ("--no-trunc", "--format", "{{.Names}} {{.ID}}", "--filter", f"label={labels.PROJECT}={project}")
    return dict(line.split() for line in docker("container", "ls", "--all", *shown).splitlines())


def exists(name: str) -> bool:
    """Whether a container of this name exists."""
    return succeeds("container", "inspect", name)


def running(name: str) -> bool:
    """Whether a container of this name runs."""
    return bool(docker("container", "ls", "--quiet", "--filter", f"name=^/{name}$"))


def leftovers(project: str) -> dict[str, list[str]]:
    """Names of everything on the engine that bears the project's label, by kind; empty kinds left out."""
    found = {kind: sorted(inspected(kind, project)) for kind in ("container", "network", "volume")}
    return {kind: names for kind, names in found.items() if names}


def _removed(kind: str, options: list[str], project: str) -> bool:
    """Remove all of one kind; whether none is left, as the engine may still be busy with one of them."""
    found = listed(kind, project)
    return not found or (succeeds(kind, "rm", *options, *found) and not listed(kind, project))


def remove_everything(project: str) -> None:
    """Remove whatever bears the project's label, and the images of its services."""
    for kind, options in (("container", ["--force", "--volumes"]), ("network", []), ("volume", ["--force"])):
        eventually(partial(_removed, kind, options, project), why=partial(inspected, kind, project))
    images = docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", f"{project}/*").split()
    if images:
        docker("image", "rm", *images)
