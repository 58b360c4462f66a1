"""A service with nothing but a database of its own, whose readiness is its readiness."""

from msctl.chassis import Service

Service("ledger").run()
