"""``python -m inventory`` runs the service."""

from inventory.service import service

service.run()
