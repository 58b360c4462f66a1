"""The command line: commands, their wiring, and the one place where errors are shown."""
