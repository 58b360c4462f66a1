"""Entries of containers, and their way through Consul's JSON."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from msctl.model.desired import ContainerSpec, Probe, Registration
from msctl.model.external import External
from msctl.registry.entries import entry_for, external_entry
from msctl.registry.entry import Check, CheckResult, Entry, FoundEntry
from msctl.registry.reading import check_definition, duration, entry_of, result_of

SPEC = ContainerSpec(
    name="shop-orders-1",
    role="service",
    image="i",
    image_identity="i",
    service="orders",
    instance=1,
    probe=Probe("http", 8000, "/readyz", interval=2.0, timeout=1.5),
    registration=Registration("orders", 8000, ("v1",)),
)


def built(spec: ContainerSpec, address: str = "10.0.0.2") -> Entry:
    entry = entry_for("shop", spec, address)
    assert entry is not None
    return entry


def test_entry_of_a_service() -> None:
    assert built(SPEC) == Entry(
        "shop-orders-1",
        "orders",
        "10.0.0.2",
        8000,
        {"msctl-project": "shop", "msctl-role": "service", "msctl-service": "orders"},
        ("v1",),
        Check("http", "http://10.0.0.2:8000/readyz", 2.0, 1.5),
    )


def test_an_external_service_has_to_pass_its_check_first() -> None:
    probe = Probe("http", 81, "/status")
    assert external_entry("shop", External("shop-mail-external", "mail", "mail.example", 81, probe)) == Entry(
        "shop-mail-external",
        "mail",
        "mail.example",
        81,
        {"msctl-project": "shop", "msctl-role": "external", "msctl-service": "mail"},
        (),
        Check("http", "http://mail.example:81/status", 2.0, 1.0, passing=False),
    )


def test_unregistered_containers_have_no_entry() -> None:
    assert entry_for("shop", replace(SPEC, registration=None), "10.0.0.2") is None


@pytest.mark.parametrize("kind", ["tcp", "amqp", "exec"])
def test_probes_that_consul_cannot_make_become_tcp(kind: Any) -> None:
    spec = replace(SPEC, probe=Probe(kind, 5672), registration=Registration("broker", 5672))
    assert built(spec).check == Check("tcp", "10.0.0.2:5672", 2.0, 1.0)


def test_a_probe_without_port_asks_the_registered_one() -> None:
    check = built(replace(SPEC, probe=Probe("tcp"))).check
    assert check is not None
    assert check.target == "10.0.0.2:8000"


def test_ipv6_addresses_are_bracketed() -> None:
    check = built(SPEC, "fd00::2").check
    assert check is not None
    assert check.target == "http://[fd00::2]:8000/readyz"


def test_consul_asks_no_more_often_than_each_second() -> None:
    check = built(replace(SPEC, probe=Probe("http", 8000, interval=0.05))).check
    assert check is not None
    assert check.interval == 1.0


def test_consul_never_reaps_fast() -> None:
    with pytest.raises(ValueError, match="at least 60"):
        Check("tcp", "10.0.0.2:1", deregister_after=5)


def test_a_check_survives_consul() -> None:
    check = Check("http", "http://10.0.0.2:8000/readyz", 2.5, 0.75, 120)
    service = {
        "ID": "a",
        "Service": "orders",
        "Address": "10.0.0.2",
        "Port": 8000,
        "Tags": None,
        "Meta": None,
    }
    answered = {"ServiceID": "a", "Notes": check_definition(check, "c1")["notes"]}
    assert entry_of(service, [answered]).check == check


@pytest.mark.parametrize("notes", ["", "by hand", "[]", '{"kind": "http"}', '{"surprise": 1}', None])
def test_foreign_checks_are_no_checks_of_ours(notes: str | None) -> None:
    assert entry_of({"ID": "a", "Service": "a"}, [{"Notes": notes}]).check is None


def test_check_definition_is_what_consul_wants() -> None:
    definition = check_definition(Check("tcp", "10.0.0.2:1", 1.5, 0.25, 60), "c1")
    assert definition["CheckID"] == "c1"
    assert definition["tcp"] == "10.0.0.2:1"
    assert (definition["interval"], definition["timeout"]) == ("1500ms", "250ms")
    assert definition["DeregisterCriticalServiceAfter"] == "60000ms"
    assert definition["status"] == "passing"
    assert "status" not in check_definition(Check("tcp", "10.0.0.2:1", passing=False), "c1")


def test_durations_are_go_durations() -> None:
    assert duration(0.05) == "50ms"


def test_health_is_the_worst_check() -> None:
    checks = (
        CheckResult("a", "warn", "slow"),
        CheckResult("b", "fail", "refused"),
        CheckResult("c", "pass", ""),
    )
    health = FoundEntry(built(SPEC), "registry", checks).health
    assert (health.id, health.status, health.output) == ("shop-orders-1", "fail", "refused")


def test_without_checks_an_entry_passes() -> None:
    assert FoundEntry(built(SPEC), "registry").health.status == "pass"


def test_results_translate_consuls_words() -> None:
    answered = {"CheckID": "c", "Status": "warning", "Output": "old "}
    assert result_of(answered) == CheckResult("c", "warn", "old")
    assert result_of(answered, answered | {"Output": "new\n"}).output == "new"
    assert result_of(answered, answered | {"Status": "passing", "Output": ""}) == CheckResult(
        "c", "warn", "old"
    )
    assert result_of({"CheckID": "c", "Status": "maintenance"}).status == "fail"
