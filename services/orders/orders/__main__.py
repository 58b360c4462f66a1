"""``python -m orders`` runs the service."""

from orders.service import service

service.run()
