"""Reading the container contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from msctl.chassis.settings import SettingsInvalid, read_settings

CONTRACT = {
    "MSCTL_PROJECT": "shop",
    "MSCTL_SERVICE": "inventory",
    "MSCTL_INSTANCE": "shop-inventory-1",
    "MSCTL_REGISTRATION": "self",
    "PORT": "9000",
    "DATABASE_URL_FILE": "/run/secrets/database_url",
    "AMQP_URL_FILE": "/run/secrets/amqp_url",
    "CONSUL_HTTP_ADDR": "registry:8500",
    "CONSUL_HTTP_TOKEN_FILE": "/run/secrets/consul_token",
    "LOG_LEVEL": "debug",
}


def test_contract_is_read_whole() -> None:
    settings = read_settings("inventory", CONTRACT, lambda path: f"content of {path}")
    assert (settings.project, settings.service, settings.instance) == (
        "shop",
        "inventory",
        "shop-inventory-1",
    )
    assert settings.port == 9000
    assert settings.registration == "self"
    assert settings.registry_address == "http://registry:8500"
    assert settings.registry_token == "content of /run/secrets/consul_token"
    assert settings.database_url == "content of /run/secrets/database_url"
    assert settings.broker_url == "content of /run/secrets/amqp_url"


def test_outside_of_a_container_everything_has_a_default() -> None:
    settings = read_settings("orders", {})
    assert (settings.service, settings.port, settings.registration) == ("orders", 8000, "platform")
    assert settings.database_url is None
    assert settings.broker_url is None


def test_secrets_are_not_shown() -> None:
    assert "content" not in repr(read_settings("inventory", CONTRACT, lambda _: "content"))


def test_waits_and_ordered_patterns_are_lists() -> None:
    settings = read_settings(
        "orders", {"MSCTL_EVENT_RETRIES": "500ms,10s", "MSCTL_EVENT_ORDERED": "a.*, b.#"}
    )
    assert (settings.event_retries, settings.event_ordered) == (("500ms", "10s"), ("a.*", "b.#"))
    assert read_settings("orders", {"MSCTL_EVENT_RETRIES": ""}).event_retries == ()
    assert read_settings("orders", {}).event_retries == ("1s", "10s", "60s")


WRONG = [
    {"PORT": "http"},
    {"PORT": "70000"},
    {"MSCTL_REGISTRATION": "maybe"},
    {"MSCTL_EVENT_RETRIES": "1s,x"},
]


@pytest.mark.parametrize("change", WRONG)
def test_nonsense_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(SettingsInvalid):
        read_settings("orders", change)


def test_a_secret_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "gone")
    with pytest.raises(SettingsInvalid, match="gone"):
        read_settings("orders", {"AMQP_URL_FILE": missing})


def test_the_line_end_of_a_secret_is_no_part_of_it(tmp_path: Path) -> None:
    path = tmp_path / "url"
    path.write_text("amqp://x\n")
    assert read_settings("orders", {"AMQP_URL_FILE": str(path)}).broker_url == "amqp://x"
