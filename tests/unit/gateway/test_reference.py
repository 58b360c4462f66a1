"""The reference document is complete and tells the truth."""

from __future__ import annotations

import dataclasses
import re

import pytest

from msctl.gateway.config import GatewayConfig
from msctl.gateway.loader import parse
from msctl.gateway.reference import reference_text
from msctl.gateway.schema import GATEWAY_KEYS, SERVICE_KEYS
from msctl.model.project import AggregatePart, Circuit, Cors, HeaderEdits, RateLimit, Route

LINES = reference_text().splitlines()
DEFAULTS = [number for number, line in enumerate(LINES) if re.search(r"\S.*# default(?:[;,]|$)", line)]
MODELS = (Route, Circuit, Cors, HeaderEdits, RateLimit, AggregatePart)
NO_KEYS = {"name", "has_fallback", "window_type"}


def test_it_is_valid() -> None:
    assert isinstance(parse(reference_text(), "reference.yaml"), GatewayConfig)


def test_every_key_is_in_it() -> None:
    known = {key for model in MODELS for key in (field.name for field in dataclasses.fields(model))} - NO_KEYS
    written = set(re.findall(r"([a-z_]+):", reference_text()))
    assert (known | set(GATEWAY_KEYS) | set(SERVICE_KEYS)) - written == set()


@pytest.mark.parametrize("number", DEFAULTS)
def test_what_is_called_a_default_is_one(number: int) -> None:
    without = "\n".join(line for place, line in enumerate(LINES) if place != number)
    assert parse(without) == parse(reference_text())
