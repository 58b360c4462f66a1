"""What all processes share to be observed: JSON logs, trace context, metrics, health and problem values."""
