"""The container engine behind one small port; the only package that imports ``docker``."""
