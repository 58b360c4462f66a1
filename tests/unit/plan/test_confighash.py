"""What makes a container another one, and what does not."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from msctl.model.desired import (
    Attachment,
    ContainerSpec,
    Mount,
    PortBinding,
    Probe,
    Registration,
    SecretFile,
)
from msctl.model.secret import Secret
from msctl.plan.confighash import config_hash, content_digest

SPEC = ContainerSpec(
    name="shop-orders-1",
    role="service",
    image="shop/orders:one",
    image_identity="sha256:1",
    environment={"A": "1", "B": "2"},
    secrets=(
        SecretFile("database_url", Secret("postgresql://hidden")),
        SecretFile("live", Secret("x"), True),
    ),
    attachments=(Attachment("shop"),),
)
CHANGES: dict[str, Any] = {
    "name": "shop-orders-2",
    "role": "gateway",
    "image_identity": "sha256:2",
    "service": "orders",
    "instance": 2,
    "command": ("run",),
    "user": "1:1",
    "environment": {"A": "1", "B": "3"},
    "secrets": (),
    "attachments": (Attachment("shop", ("orders",)),),
    "mounts": (Mount("shop-orders-data", "/data"),),
    "ports": (PortBinding(8000),),
    "tmpfs": {"/tmp": "mode=1777"},
    "dns": ("@2",),
    "dns_search": ("service.consul",),
    "hostname": "orders",
    "read_only": True,
    "memory": 2**28,
    "cpus": 0.5,
    "cpu_shares": 2048,
    "stop_signal": "SIGINT",
    "stop_grace": 3.0,
    "reload": "SIGHUP",
    "reload_command": ("reload",),
    "probe": Probe("http", 8000),
    "registration": Registration("orders", 8000),
    "event_schemas": "{}",
    "self_registers": True,
    "liveness": Probe("http", 8000, "/livez"),
    "engine_socket": True,
}
SAME: dict[str, Any] = {
    "needs": ("shop-orders-db",),
    "waits": True,
    "attached": "pipe",
    "image": "another/name:of-it",
    "provision": ("psql", "-c", "SELECT 1"),
    "environment": {"B": "2", "A": "1"},
}


def test_every_field_is_known_here() -> None:
    assert {f.name for f in fields(ContainerSpec)} == set(CHANGES) | set(SAME)


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_makes_another_container(name: str) -> None:
    assert config_hash(replace(SPEC, **{name: CHANGES[name]})) != config_hash(SPEC)


@pytest.mark.parametrize("name", SAME)
def test_what_does_not_matter_does_not_change_it(name: str) -> None:
    assert config_hash(replace(SPEC, **{name: SAME[name]})) == config_hash(SPEC)


def test_a_secrets_content_changes_it_unless_the_file_is_live() -> None:
    url, live = SPEC.secrets
    other = replace(SPEC, secrets=(replace(url, content=Secret("other")), live))
    assert config_hash(other) != config_hash(SPEC)
    reloaded = replace(SPEC, secrets=(url, replace(live, content=Secret("other"))))
    assert config_hash(reloaded) == config_hash(SPEC)
    assert config_hash(replace(SPEC, secrets=(url, replace(live, name="other")))) != config_hash(SPEC)


def test_it_is_sixteen_hex_digits_that_tell_nothing() -> None:
    found = config_hash(SPEC)
    assert len(found) == 16
    assert set(found) <= set("0123456789abcdef")


def test_a_digest_is_the_files_sha256() -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert content_digest(Secret("")) == empty
