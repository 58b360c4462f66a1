"""Whole manifests become projects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from msctl.errors import ManifestInvalid
from msctl.manifest.loaded import Loaded
from msctl.manifest.loading import load
from msctl.manifest.source import find_manifest
from msctl.model.problem import ManifestProblem
from msctl.model.project import Circuit, Database, HeaderEdits, Health, Subscription

Reader = Callable[..., Loaded]
Finder = Callable[..., tuple[ManifestProblem, ...]]


@pytest.mark.parametrize("name", ["shop", "hello", "bank", "reference"])
def test_every_manifest_is_valid(name: str, manifests: dict[str, str], read: Reader) -> None:
    loaded = read(manifests[name])
    assert loaded.project.name in {"shop", "hello", "bank"}
    assert len(loaded.project.revision) == 64


def test_the_shop_says_what_its_manifest_says(manifests: dict[str, str], read: Reader) -> None:
    project = read(manifests["shop"]).project
    orders = project.services["orders"]
    assert list(project.services) == ["orders", "inventory", "payments", "notifications"]
    assert orders.build == Path("services/orders")
    assert orders.replicas == 2
    assert orders.database == Database("postgres")
    assert orders.calls == {"inventory": None}
    assert orders.subscribes == (Subscription("payment.*"),)
    assert orders.resources.memory == 256 * 2**20
    assert orders.environment == {"LOG_LEVEL": "info", "X": "1.10"}
    assert orders.circuit == Circuit()
    assert project.services["inventory"].registration == "self"
    assert project.gateway.routes[0].timeout == 2.0
    order, stock, payment = project.gateway.routes[1].aggregate
    assert order.required
    assert stock.after == ("order",)
    assert payment.has_fallback
    assert payment.fallback is None
    assert project.auth.clients[0].scopes == ("orders:read", "orders:write")


def test_the_bank_uses_the_long_forms(manifests: dict[str, str], read: Reader) -> None:
    loaded = read(manifests["bank"])
    services = loaded.project.services
    assert services["accounts"].database == Database("postgres", "16", 512 * 2**20)
    assert services["accounts"].environment == {"CURRENCY": "EUR", "STRICT": "no", "LIMIT": "10_000"}
    assert services["customers"].subscribes == (Subscription("account.*", ordered=True),)
    assert services["transfers"].calls == {"accounts": ("accounts:read", "accounts:write"), "ledger": None}
    assert services["transfers"].circuit == Circuit(
        0.25, window=30.0, window_type="time", wait=2.0, wait_growth=2.0, wait_max=60.0
    )
    assert services["transfers-next"].circuit is None
    assert services["ledger"].health == Health("/status", None)
    assert loaded.project.platform.metrics is False
    assert loaded.project.platform.log_forward == {"loki": "http://loki.example.com:3100"}
    assert loaded.project.gateway.routes[2].services == {"transfers": 95, "transfers-next": 5}
    assert loaded.project.gateway.routes[3].aggregate[2].fallback == []


def test_headers_keep_what_was_written(read: Reader) -> None:
    text = """
project: hello
gateway:
  routes:
    - {path: /, service: web, request_headers: {set: {X-Version: 1.10, X-On: yes}, remove: [X-Old]}}
services: {web: {image: nginx}}
"""
    edits = read(text).project.gateway.routes[0].request_headers
    assert edits == HeaderEdits({"X-Version": "1.10", "X-On": "yes"}, ("X-Old",))


def test_every_problem_is_told_in_one_run_and_in_order(problems: Finder) -> None:
    found = problems("""project: Shop
services:
  orders:
    build: services/orders
    prot: 1
    calls: [nobody]
    stop_grace: soon
    environment: {A: "${UNSET}"}
    stop_grace: 1s
""")
    assert [problem.line for problem in found] == [1, 5, 6, 7, 8, 9]
    assert str(found[1]) == "msctl.yaml:5:5: services.orders.prot: unknown key, did you mean 'port'?"
    assert found[1].source == "    prot: 1"


def test_very_many_problems_are_cut(problems: Finder) -> None:
    text = "project: x\nservices: {web: {image: nginx}}\n" + "\n".join(f"key{n}: 1" for n in range(5000))
    assert len(problems(text)) == 200


def test_a_missing_manifest_has_a_hint(tmp_path: Path) -> None:
    with pytest.raises(ManifestInvalid) as caught:
        load(tmp_path / "msctl.yaml", {})
    assert caught.value.exit_code == 2
    assert caught.value.hint == "a manifest is a file named msctl.yaml"


def test_a_manifest_is_found_from_below(tmp_path: Path) -> None:
    below = tmp_path / "services" / "orders"
    below.mkdir(parents=True)
    (tmp_path / "msctl.yaml").write_text("project: x\n")
    assert find_manifest(below) == (tmp_path / "msctl.yaml").resolve()


def test_a_manifest_that_is_nowhere_says_where_it_was_sought(tmp_path: Path) -> None:
    with pytest.raises(ManifestInvalid, match=r"no msctl\.yaml in .* or any folder above it"):
        find_manifest(tmp_path)


def test_a_folder_is_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(ManifestInvalid, match="cannot read"):
        load(tmp_path, {})


def test_a_file_without_an_end_is_refused() -> None:
    with pytest.raises(ManifestInvalid) as caught:
        load(Path("/dev/zero"), {})
    assert caught.value.problems[0].what == "the file is too big"


def test_what_is_missing_is_explained_where_it_belongs(problems: Finder) -> None:
    found = problems("services:\n  web: {image: nginx}\ngateway:\n  routes:\n    - {service: web}\n")
    assert [str(problem) for problem in found] == [
        "msctl.yaml:1:1: project: is missing, the project's name, first part of every container's name",
        "msctl.yaml:5:7: gateway.routes[0].path: is missing, "
        "template: {name} is one segment, {rest:path} all that follows",
    ]
