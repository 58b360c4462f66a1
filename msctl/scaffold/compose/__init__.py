"""Compose files: what of one can become a manifest, and what a manifest is as one."""
