"""Paths that lead nowhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from msctl.model.problem import ManifestProblem

Finder = Callable[..., tuple[ManifestProblem, ...]]


@pytest.mark.parametrize(
    ("build", "what", "hint"),
    [
        ("services/ordres", "there is no folder 'services/ordres'", "did you mean 'services/orders'?"),
        ("nowhere/at/all", "there is no folder 'nowhere/at/all'", "a folder relative to the manifest"),
        ("services/web/Dockerfile", "'services/web/Dockerfile' is a file", "a folder"),
        ("services", "'services' has no Dockerfile", "a folder with a Dockerfile"),
        ("'services/\\0'", "there is no folder", "a folder"),
        ('"services/\\0"', "this is not a path", "relative"),
        ("''", "this is not a path", "relative"),
        ("x" * 5000, "this is not a path", "relative"),
        ("x" * 300, "there is no folder", "a folder"),
        ("[services/web]", "a list is not text", "write text"),
    ],
)
def test_build_folders(build: str, what: str, hint: str, problems: Finder) -> None:
    (found,) = problems(f"project: x\nservices:\n  web:\n    build: {build}\n")
    assert (found.line, found.column) == (4, 12)
    assert what in found.what
    assert hint in str(found.hint)


def test_certificate_files(problems: Finder, project_folder: Path) -> None:
    assert (project_folder / "certificates" / "shop.pem").is_file()
    text = """project: x
gateway:
  tls: {certificate: certificates/shop.pem, key: certificates/shop.kye}
services: {web: {image: nginx}}
"""
    (found,) = problems(text)
    assert (found.path, found.what) == ("gateway.tls.key", "this file does not exist")
