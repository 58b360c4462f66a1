"""The Consul server's configuration."""

from __future__ import annotations

import json

from msctl.registry.config import render, server_configuration


def test_one_server_that_keeps_its_data() -> None:
    configuration = server_configuration()
    assert configuration["server"] is True
    assert configuration["bootstrap_expect"] == 1
    assert configuration["data_dir"] == "/consul/data"
    assert configuration["leave_on_terminate"] is False


def test_only_http_and_dns_are_reachable() -> None:
    configuration = server_configuration()
    assert configuration["bind_addr"] == configuration["advertise_addr"] == "127.0.0.1"
    assert configuration["ports"] == {"http": 8500, "dns": 53, "grpc": -1, "serf_wan": -1}


def test_names_are_fresh_and_passing() -> None:
    dns = server_configuration()["dns_config"]
    assert dns["only_passing"] is True
    assert dns["service_ttl"] == {"*": "0s"}
    assert dns["enable_truncate"] is True


def test_outside_names_go_to_dockers_resolver() -> None:
    assert server_configuration()["recursors"] == ["127.0.0.11"]
    assert server_configuration(recursors=["10.0.0.53"])["recursors"] == ["10.0.0.53"]


def test_nothing_phones_home() -> None:
    assert server_configuration()["disable_update_check"] is True


def test_rendering_is_stable_json() -> None:
    text = render(server_configuration())
    assert json.loads(text) == server_configuration()
    assert text == render(dict(reversed(server_configuration().items())))
