"""msctl runs a system of microservices from one manifest."""

__version__ = "0.1.0"
