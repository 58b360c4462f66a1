"""The commented reference document of the gateway alone: documentation and test fixture at once."""

from __future__ import annotations

from importlib import resources


def reference_text() -> str:
    """Every key of the document with its default and what it is for."""
    return (resources.files("msctl.gateway") / "reference.yaml").read_text(encoding="utf-8")
