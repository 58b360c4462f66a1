"""Where the parts of the platform listen, in their containers."""

CONSUL_PORT = 8500
AMQP_PORT = 5672
GATEWAY_PORT = 8080
ADMIN_PORT = 8081
AUTH_PORT = 8080
METRICS_PORT = 9090
