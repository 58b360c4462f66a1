"""Pure policies around a call, shared by gateway and chassis: no I/O, every clock and dice injected."""
