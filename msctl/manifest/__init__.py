"""msctl.yaml → Project: text with places, validation, every error in one run."""

from msctl.manifest.json_schema import schema
from msctl.manifest.loading import Loaded, load, validate
from msctl.manifest.reference import reference_text
from msctl.manifest.rendering import render
from msctl.manifest.source import Source, find_manifest

__all__ = ["Loaded", "Source", "find_manifest", "load", "reference_text", "render", "schema", "validate"]
