"""msctl.yaml → Project: text with places, validation, every error in one run.

``loading`` reads a manifest, ``remembered`` only one that was not read before.
"""
