"""Passwords are where they belong, and nowhere else."""

from __future__ import annotations

import json
import stat
from functools import cache

import pytest

from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import containers, docker, inspected
from tests.e2e.inside import inside
from tests.e2e.ordering import get, token

pytestmark = pytest.mark.e2e


def _planted(checkout: Checkout) -> dict[str, str]:
    """Every generated password, signing keys and a token that was used, by what it is for."""
    found: dict[str, str] = json.loads((checkout.workspace / "credentials.json").read_text())
    assert {"registry/management", "clients/operator", "clients/web", "database/orders"} <= set(found)
    return {**found, **_signing_keys(checkout), "a token": token(checkout)}


@cache
def _signing_keys(checkout: Checkout) -> dict[str, str]:
    """The secret part of each key of auth."""
    script = """
        import json, sqlite3
        rows = sqlite3.connect("/var/lib/msctl/auth.sqlite").execute("SELECT kid, jwk FROM keys")
        print(json.dumps({f"key {kid}": json.loads(jwk)["d"] for kid, jwk in rows}))
    """
    found: dict[str, str] = inside(checkout, "auth", script)
    assert found
    return found


def _assert_absent(checkout: Checkout, text: str, place: str) -> None:
    """None of the passwords stands in ``text``."""
    assert text
    found = [name for name, password in _planted(checkout).items() if password in text]
    assert found == [], f"{place} shows {found}"


def test_the_passwords_are_real(shop: Checkout) -> None:
    """The scan looks for what is really used."""
    url = docker("exec", shop.name("orders-1"), "cat", "/run/secrets/database_url")
    assert _planted(shop)["database/orders"] in url


@pytest.mark.parametrize("kind", ["container", "network", "volume"])
def test_inspections_show_none(shop: Checkout, kind: str) -> None:
    _assert_absent(shop, json.dumps(inspected(kind, shop.project)), f"docker {kind} inspect")


def test_images_hold_none(shop: Checkout) -> None:
    for image in {found["Image"] for found in containers(shop.project).values()}:
        _assert_absent(shop, docker("image", "history", "--no-trunc", image), "docker history")
        _assert_absent(shop, docker("image", "inspect", image), "docker image inspect")


def test_environments_of_processes_hold_none(shop: Checkout) -> None:
    for name in containers(shop.project):
        script = "cat /proc/[0-9]*/environ"
        _assert_absent(shop, docker("exec", name, "sh", "-c", script), f"environment of {name}")


def test_arguments_of_processes_hold_none(shop: Checkout) -> None:
    for name in containers(shop.project):
        _assert_absent(shop, docker("top", name, "-eo", "pid,args"), f"processes of {name}")


def test_logs_hold_none(shop: Checkout) -> None:
    get(shop, "/api/orders")
    _assert_absent(shop, shop.msctl("logs", "--json").good().stdout, "msctl logs")


@pytest.mark.parametrize(
    "command",
    [
        *(("status", "--json"), ("up", "--json"), ("--verbose", "up"), ("logs", "orders"), ("logs", "auth")),
        *(("token", "clients", "--json"), ("token", "keys", "--json"), ("circuits", "--json")),
        *(("health", "--json"), ("events", "--json"), ("config", "--json"), ("doctor", "--json")),
    ],
    ids=" ".join,
)
def test_msctl_prints_none(shop: Checkout, command: tuple[str, ...]) -> None:
    outcome = shop.msctl(*command).good()
    _assert_absent(shop, outcome.stdout + outcome.stderr, f"msctl {' '.join(command)}")


def test_the_manifest_need_not_hold_any(shop: Checkout) -> None:
    _assert_absent(shop, shop.manifest.read_text(), "msctl.yaml")


def test_only_the_owner_can_read_the_workspace(shop: Checkout) -> None:
    assert stat.S_IMODE(shop.workspace.stat().st_mode) == 0o700
    files = [path for path in shop.workspace.rglob("*") if path.is_file()]
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in files}
    assert modes
    assert {name: mode for name, mode in modes.items() if mode & 0o077} == {}


def test_git_ignores_the_workspace(shop: Checkout) -> None:
    assert (shop.workspace / ".gitignore").read_text() == "*\n"
