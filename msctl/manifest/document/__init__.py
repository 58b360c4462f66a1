"""The manifest's keys as pydantic models: the one list of what may be written."""
