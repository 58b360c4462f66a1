"""The process on each machine that keeps the registry equal to what runs; it also probes new containers."""
