"""What no single value can show: references, exclusions and clashes across the manifest."""

from msctl.manifest.rules.checking import check

__all__ = ["check"]
