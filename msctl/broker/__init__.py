"""RabbitMQ: topology, permissions and configuration as values, and a small client."""
