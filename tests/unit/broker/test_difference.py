"""What import leaves behind, and what it silently keeps."""

from __future__ import annotations

import copy
from typing import Any

from msctl.broker.definitions import definitions
from msctl.broker.difference import Clash, Surplus, clashes, needed, surplus
from msctl.broker.permissions import rights
from msctl.broker.topology import Binding, Topology, topology
from msctl.model.secret import Secret
from tests.unit.broker.declaring import SHOP, project, service


def document(wanted: Topology) -> dict[str, Any]:
    return definitions(wanted, {right.user: Secret("x") for right in rights(wanted)})


FULL = topology(SHOP)
SMALL = topology(project(service("orders", ["order.placed"], ["payment.captured"])))


def test_equal_documents_leave_nothing() -> None:
    assert surplus(FULL, document(FULL), document(FULL)) == Surplus()
    assert not surplus(FULL, document(FULL), document(FULL))
    assert clashes(FULL, document(FULL)) == ()


def test_what_is_gone_from_the_manifest() -> None:
    gone = surplus(SMALL, document(SMALL), document(FULL))
    assert gone.users == ("payments", "mail", "audit")
    assert gone.exchanges == ("payments.retry", "mail.retry")
    assert set(gone.queues) == {q.name for q in FULL.queues if not q.name.startswith("orders")}
    assert [b for b in gone.bindings if b.queue == "orders"] == [Binding("events", "orders", "payment.*")]
    others = {(b.exchange, b.queue) for b in gone.bindings if b.queue != "orders"}
    assert others == {("events", "payments"), ("events", "mail")}


def test_bindings_of_queues_that_are_not_exported_stay() -> None:
    found = document(FULL)
    found["queues"] = [queue for queue in found["queues"] if queue["name"] != "mail"]
    assert "mail" not in {binding.queue for binding in surplus(SMALL, document(SMALL), found).bindings}


def test_what_is_missing_is_no_surplus() -> None:
    assert not surplus(FULL, document(FULL), {})


def test_other_virtual_hosts_and_builtin_exchanges_are_left_alone() -> None:
    found = document(FULL)
    found["queues"].append({"name": "theirs", "vhost": "other"})
    found["permissions"].append({"user": "them", "vhost": "other"})
    found["exchanges"] += [{"name": name, "vhost": "shop"} for name in ("", "amq.topic")]
    found["bindings"].append(
        {
            "vhost": "shop",
            "source": "amq.topic",
            "destination": "orders",
            "destination_type": "queue",
            "routing_key": "x",
        }
    )
    assert not surplus(FULL, document(FULL), found)


def test_a_clash_names_queue_and_argument() -> None:
    found = copy.deepcopy(document(FULL))
    arguments = next(q for q in found["queues"] if q["name"] == "orders")["arguments"]
    arguments["x-delivery-limit"] = 5
    arguments["x-max-length"] = 10
    del arguments["x-overflow"]
    assert clashes(FULL, found) == (
        Clash("orders", "x-delivery-limit", 100, 5),
        Clash("orders", "x-max-length", None, 10),
        Clash("orders", "x-overflow", "reject-publish", None),
    )
    assert str(clashes(FULL, found)[0]) == "'orders' has x-delivery-limit = 5, the manifest needs 100"


def test_an_exchange_of_another_type_clashes() -> None:
    found = copy.deepcopy(document(FULL))
    found["exchanges"][0]["type"] = "fanout"
    assert clashes(FULL, found) == (Clash("events", "type", "topic", "fanout"),)


def test_what_flows_on_needs_its_goal() -> None:
    assert needed(["mail.retry.10s"]) == {"mail.retry.10s", "mail", "mail.dead"}
    assert needed(["mail"]) == {"mail", "mail.dead"}
    assert needed(["mail.dead"]) == {"mail.dead"}
    assert needed([]) == frozenset()
