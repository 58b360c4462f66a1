"""How soon a new service is healthy: ``python -m benchmarks.scaffold [TEMPLATE...]``.

Options: ``--rounds N``, ``--databases NAME...``. Needs Docker on this machine, and quiet; the platform's
images are there before. A round is a fresh project for each template and database, in which two things are
timed until ``msctl status`` says healthy:

- from nothing: ``msctl init`` with a first service, ``msctl up`` with Consul, gateway and all the rest;
- added: ``msctl scaffold new-service`` with a second such service, ``msctl up``, while the project runs.

Images of services are built each time, and what a template installs is installed each time: no layer of an
earlier build is taken. The template ``image`` runs a small image that is built before, in a project of
``python``; so nothing is begun with it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

from benchmarks.bars import show
from msctl import __version__
from tests.e2e.checkout import Checkout, new_project
from tests.e2e.engine_state import docker
from tests.free_port import free_port

TEMPLATES = ("python", "fastapi", "node", "image")
DATABASES = ("postgres", "mariadb", "redis", "none")
_FINISHED = "msctl-benchmark/finished:1"
_PLAIN = Path(__file__).parents[1] / "tests" / "e2e" / "projects" / "plain"
_PATIENCE = 300.0

Times = dict[str, list[float]]


def fresh_project(template: str, database: str, nothing: Times, added: Times) -> None:
    """Time both ways to a service of ``template`` with ``database``."""
    figure = f"{template}, {database}"
    with tempfile.TemporaryDirectory() as folder:
        project = Checkout(Path(folder), new_project(), free_port())
        try:
            if template == "image":
                _begin(project, "python", "none")
            else:
                nothing.setdefault(figure, []).append(_begin(project, template, database))
            added.setdefault(f"{figure} (<= 60)", []).append(_add(project, template, database))
        finally:
            project.sweep()


def _begin(project: Checkout, template: str, database: str) -> float:
    named = ("--project", project.project, "--port", str(project.port), "--service", "first")
    began = time.perf_counter()
    project.msctl("init", *named, "--template", template, "--database", database).good()
    return _healthy(project, "first", began)


def _add(project: Checkout, template: str, database: str) -> float:
    kind = ("--template", template, "--database", database)
    more = ("--image", _FINISHED, "--health", "/") if template == "image" else ()
    began = time.perf_counter()
    project.msctl("scaffold", "new-service", "second", *kind, *more).good()
    return _healthy(project, "second", began)


def _healthy(project: Checkout, service: str, began: float) -> float:
    """Seconds from ``began`` until the project with its new ``service`` is up and ``status`` says so."""
    _forget_layers(project.folder / "services" / service)
    project.msctl("up", timeout=_PATIENCE).good()
    while project.msctl("status").exit_code != 0:
        if time.perf_counter() - began > _PATIENCE:
            sys.exit(f"not healthy after {_PATIENCE:.0f} s: {project.evidence()}")
    return time.perf_counter() - began


def _forget_layers(folder: Path) -> None:
    """What is installed is known to the engine by its list; a list like no other is installed anew."""
    for listed in folder.glob("requirements.txt"):
        listed.write_text(f"{listed.read_text()}# {uuid4()}\n")


def _prepare() -> None:
    """Have the platform's images, and the finished one."""
    with tempfile.TemporaryDirectory() as folder:
        Checkout(Path(folder), "nobody", 0).msctl("images", "get", timeout=3 * _PATIENCE).good()
    runtime = f"MSCTL_RUNTIME=msctl/runtime:{__version__}"
    docker("build", "--quiet", "--tag", _FINISHED, "--build-arg", runtime, str(_PLAIN))


def main() -> int:
    """Print the figures; returns 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=1, help="default: 1")
    parser.add_argument("--databases", nargs="+", default=DATABASES, choices=DATABASES)
    parser.add_argument("templates", nargs="*", default=TEMPLATES, metavar="TEMPLATE")
    wanted = parser.parse_args()
    _prepare()
    nothing: Times = {}
    added: Times = {}
    for _ in range(wanted.rounds):
        for template in wanted.templates:
            for database in wanted.databases:
                print(f"{template}, {database}", file=sys.stderr)
                fresh_project(template, database, nothing, added)
    print("a project from nothing, s")
    show(nothing)
    print("added to a project that runs, s")
    return int(show(added) > 0)


if __name__ == "__main__":
    sys.exit(main())
