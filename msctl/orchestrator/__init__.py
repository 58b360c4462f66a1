"""The use cases: the only place where engine, registry and broker meet."""
