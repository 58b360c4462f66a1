"""The server's files and environment."""

from __future__ import annotations

from msctl.broker.commands import IMPORT_DEFINITIONS
from msctl.broker.config import enabled_plugins, environment, server_configuration


def settings(text: str) -> dict[str, str]:
    return dict(line.split(" = ") for line in text.splitlines())


def test_definitions_are_loaded_at_boot_from_the_secret() -> None:
    assert settings(server_configuration())["load_definitions"] == "/run/secrets/definitions.json"
    assert IMPORT_DEFINITIONS[-1] == "/run/secrets/definitions.json"


def test_logs_are_json_on_stdout() -> None:
    found = settings(server_configuration())
    assert (found["log.console"], found["log.console.formatter"], found["log.file"]) == (
        "true",
        "json",
        "false",
    )


def test_the_memory_watermark_follows_the_containers_limit() -> None:
    limited = settings(server_configuration(256 * 1024 * 1024))
    assert limited["vm_memory_high_watermark.absolute"] == "179MiB"
    assert "vm_memory_high_watermark.relative" not in limited
    assert settings(server_configuration())["vm_memory_high_watermark.relative"] == "0.4"


def test_erlangs_doors_are_on_loopback() -> None:
    found = environment()
    assert found["RABBITMQ_NODENAME"].endswith("@localhost")
    assert found["ERL_EPMD_ADDRESS"] == "127.0.0.1"
    assert "inet_dist_use_interface {127,0,0,1}" in found["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"]


def test_plugins_are_an_erlang_list() -> None:
    assert enabled_plugins() == "[].\n"
    assert enabled_plugins(["rabbitmq_prometheus", "rabbitmq_top"]) == "[rabbitmq_prometheus,rabbitmq_top].\n"
