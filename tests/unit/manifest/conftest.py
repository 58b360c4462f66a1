"""A folder with everything that the manifests of these tests name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from msctl.errors import ManifestInvalid
from msctl.manifest.loaded import Loaded
from msctl.manifest.loading import load
from msctl.manifest.reference import reference_text
from msctl.model.problem import ManifestProblem

MANIFESTS = Path(__file__).parent / "manifests"
SERVICES = (
    "orders", "inventory", "payments", "notifications", "web", "accounts", "customers", "transfers"
)  # fmt: skip

Reader = Callable[..., Loaded]
Finder = Callable[..., tuple[ManifestProblem, ...]]


@pytest.fixture(scope="session")
def project_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    for name in SERVICES:
        (folder / "services" / name).mkdir(parents=True)
        (folder / "services" / name / "Dockerfile").write_text("ARG MSCTL_RUNTIME\nFROM ${MSCTL_RUNTIME}\n")
    (folder / "certificates").mkdir()
    (folder / "keys").mkdir()
    (folder / "keys" / "partner.pem").touch()
    for name in ("shop.pem", "shop.key"):
        (folder / "certificates" / name).write_text("certificate")
    return folder


@pytest.fixture
def read(project_folder: Path) -> Reader:
    """Load a manifest given as text or bytes."""

    def reader(text: str | bytes, **environment: str) -> Loaded:
        path = project_folder / "msctl.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load(path, environment)

    return reader


@pytest.fixture
def problems(read: Reader) -> Finder:
    """The problems of a manifest, none if it is valid."""

    def finder(text: str | bytes, **environment: str) -> tuple[ManifestProblem, ...]:
        try:
            read(text, **environment)
        except ManifestInvalid as invalid:
            return invalid.problems
        return ()

    return finder


@pytest.fixture(scope="session")
def manifests() -> dict[str, str]:
    """The four manifests that tests change and break."""
    texts = {path.stem: path.read_text() for path in sorted(MANIFESTS.glob("*.yaml"))}
    return {**texts, "reference": reference_text()}
