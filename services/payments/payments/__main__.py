"""``python -m payments`` runs the service."""

from payments.service import service

service.run()
