"""``status`` tells the truth, in the form that other tools read."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import containers, docker
from tests.e2e.manifests import declare

pytestmark = pytest.mark.e2e

_HEALTH = {"enum": ["pass", "warn", "fail", "starting"]}
_TEXT = {"type": "string"}
_TEXT_OR_NULL = {"type": ["string", "null"]}
_COUNT = {"type": "integer", "minimum": 0}


def _record(**members: Any) -> dict[str, Any]:
    """All of these members; more may come."""
    return {"type": "object", "required": list(members), "properties": members}


def _list(member: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": member}


_INSTANCE = _record(
    name=_TEXT,
    address=_TEXT_OR_NULL,
    state=_TEXT,
    health=_HEALTH,
    registered={"type": "boolean"},
    restarts=_COUNT,
    started_at={"anyOf": [{"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT[\d:.]+Z$"}, {"type": "null"}]},
)
_DATABASE = _record(engine={"enum": ["postgres", "mariadb", "redis"]}, name=_TEXT, health=_HEALTH)
_SERVICE = _record(
    name=_TEXT,
    desired=_COUNT,
    ready=_COUNT,
    image=_TEXT,
    instances=_list(_INSTANCE),
    database={"anyOf": [_DATABASE, {"type": "null"}]},
)
_CIRCUIT = _record(
    caller=_TEXT,
    callee=_TEXT,
    state={"enum": ["closed", "open", "half_open"]},
    failure_rate={"type": "number", "minimum": 0, "maximum": 1},
    calls=_COUNT,
    cause=_TEXT_OR_NULL,
    retry_at=_TEXT_OR_NULL,
)
SCHEMA = _record(
    project=_TEXT,
    healthy={"type": "boolean"},
    engine=_TEXT,
    gateway=_record(url=_TEXT, health=_HEALTH),
    services=_list(_SERVICE),
    platform=_list(_record(name=_TEXT, role=_TEXT, health=_HEALTH)),
    circuits=_list(_CIRCUIT),
)


def _validate(document: Any) -> None:
    Draft202012Validator(SCHEMA).validate(document)


def test_of_the_shop_has_the_agreed_form(shop: Checkout) -> None:
    _validate(shop.msctl("status", "--json").good().json())


def test_of_what_never_ran_has_the_agreed_form(small: Checkout) -> None:
    outcome = small.msctl("status", "--json")
    _validate(outcome.json())
    assert (outcome.exit_code, outcome.json()["healthy"]) == (1, False)


def test_of_the_shop_is_healthy(shop: Checkout) -> None:
    found = shop.msctl("status", "--json").good().json()
    assert found["healthy"]
    assert found["gateway"] == {"url": shop.url, "health": "pass"}


def test_names_every_circuit_of_the_gateway(shop: Checkout) -> None:
    found = shop.msctl("status", "--json").good().json()
    callees = {c["callee"] for c in found["circuits"] if c["caller"] == "gateway"}
    assert callees == {"orders", "inventory", "payments", "notifications", "auth"}


def test_of_instances_is_what_the_engine_says(shop: Checkout) -> None:
    found = shop.msctl("status", "--json").good().json()
    told = {i["name"]: (i["state"], i["restarts"], i["started_at"][:19])
            for s in found["services"] for i in s["instances"]}  # fmt: skip
    real = {
        name: (c["State"]["Status"], c["RestartCount"], c["State"]["StartedAt"][:19])
        for name, c in containers(shop.project).items()
        if c["Config"]["Labels"]["io.msctl.role"] == "service"
    }
    assert told == real


def test_counts_two_ready_instances_of_orders(shop: Checkout) -> None:
    found = shop.msctl("status", "--json").good().json()
    orders = next(s for s in found["services"] if s["name"] == "orders")
    assert (orders["desired"], orders["ready"]) == (2, 2)


def test_tells_of_a_stopped_container(small: Checkout) -> None:
    small.msctl("up").good()
    docker("stop", "--time", "0", small.name("web-1"))
    outcome = small.msctl("status", "--json")
    web = outcome.json()["services"][0]
    assert (outcome.exit_code, outcome.json()["healthy"], web["ready"]) == (1, False, 0)
    assert (web["instances"][0]["state"], web["instances"][0]["health"]) == ("exited", "fail")


def test_tells_of_a_service_that_never_started(small: Checkout) -> None:
    small.msctl("up").good()
    declare(small, {"web": {}, "late": {}})
    outcome = small.msctl("status", "--json")
    late = outcome.json()["services"][1]
    assert outcome.exit_code == 1
    assert (late["ready"], late["instances"][0]["state"]) == (0, "missing")
