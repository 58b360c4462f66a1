"""``python -m notifications`` runs the service."""

from notifications.service import service

service.run()
