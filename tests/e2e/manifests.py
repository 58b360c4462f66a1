"""Manifests of the tests: the shop's with two values changed, and small ones made by hand."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.checkout import Checkout, new_project
from tests.free_port import free_port

Services = Mapping[str, Mapping[str, Any]]
"""Manifest entries by service name; where they name no image they are built from ``plain``."""

_ROOT = Path(__file__).parents[2]
_PROJECTS = Path(__file__).parent / "projects"


def copy_shop(folder: Path) -> Checkout:
    """The example system, under a project name and a port of its own."""
    checkout = Checkout(folder, new_project(), free_port())
    skip = shutil.ignore_patterns("__pycache__", "tests", "*.egg-info")
    shutil.copytree(_ROOT / "services", folder / "services", ignore=skip)
    manifest = yaml.safe_load((_ROOT / "msctl.yaml").read_text())
    manifest["project"] = checkout.project
    manifest["gateway"]["port"] = checkout.port
    write(checkout, manifest)
    return checkout


def make_small(folder: Path) -> Checkout:
    """A project with one service, ``web``, that needs nothing."""
    for source in _PROJECTS.iterdir():
        shutil.copytree(source, folder / source.name)
    checkout = Checkout(folder, new_project(), free_port())
    declare(checkout, {"web": {}})
    return checkout


def declare(checkout: Checkout, services: Services, **gateway: Any) -> None:
    """Make these the services of a small project, which is up sooner without Prometheus."""
    routes = [{"path": f"/{name}", "service": name, "rewrite": "/"} for name in services]
    document = {
        "project": checkout.project,
        "gateway": {"port": checkout.port, "routes": routes, **gateway},
        "services": {name: _entry(given) for name, given in services.items()},
        "platform": {"metrics": "off"},
    }
    write(checkout, document)


def write(checkout: Checkout, document: Mapping[str, Any]) -> None:
    """Write the manifest; JSON is YAML."""
    checkout.manifest.write_text(json.dumps(document, indent=2))


def _entry(given: Mapping[str, Any]) -> dict[str, Any]:
    if "external" in given:
        return dict(given)
    origin = {} if "image" in given else {"build": "plain"}
    return {**origin, "stop_grace": "1s", **given}
