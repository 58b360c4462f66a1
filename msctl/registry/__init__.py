"""Consul: its configuration, entries and health; the only package that imports the Consul client."""
