"""A value that must not be shown."""

from __future__ import annotations

from dataclasses import dataclass

REDACTED = "[REDACTED]"
"""What stands where a secret would."""


@dataclass(frozen=True, slots=True)
class Secret:
    """Wraps secret text; printing, logging or formatting it shows ``[REDACTED]``."""

    _value: str

    def reveal(self) -> str:
        """The secret itself, for the one place that delivers it."""
        return self._value

    def __repr__(self) -> str:
        return REDACTED

    def __str__(self) -> str:
        return REDACTED

    def __format__(self, spec: str) -> str:
        return format(REDACTED, spec)
