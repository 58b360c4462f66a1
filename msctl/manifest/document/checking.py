"""Our grammars as pydantic's validations; whatever reads single values only needs no pydantic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import PlainValidator
from pydantic_core import PydanticCustomError

from msctl.manifest.faults import Fault

T = TypeVar("T")


def refusal(what: str, hint: str | None) -> PydanticCustomError:
    """A ``Fault`` for pydantic; values come as context so that their braces mean nothing."""
    return PydanticCustomError("fault", "{what}", {"what": what, "hint": hint or ""})


def checked(parse: Callable[[Any], T]) -> PlainValidator:
    """Use a parser that raises ``Fault`` as a field's validation."""

    def validate(value: Any) -> T:
        try:
            return parse(value)
        except Fault as fault:
            raise refusal(fault.what, fault.hint) from fault

    return PlainValidator(validate)
