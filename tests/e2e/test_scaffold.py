"""From nothing to a running system by ``init`` and ``scaffold``, without a line written by hand."""

from __future__ import annotations

import gzip
import json
import subprocess
import urllib.request
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from msctl import labels
from msctl.orchestrator.databases.scripts import command
from tests.e2e.checkout import Checkout, new_project
from tests.e2e.databases import postgres
from tests.e2e.engine_state import docker
from tests.free_port import free_port
from tests.integration.waiting import eventually

pytestmark = pytest.mark.e2e

SERVICES = {
    "first": (),
    "accounts": ("--database", "postgres", "--publishes", "account.opened"),
    "greetings": ("--database", "redis", "--subscribes", "account.*", "--calls", "accounts"),
    "ledger": ("--database", "mariadb", "--subscribes", "account.opened"),
    "quick": ("--template", "fastapi", "--calls", "accounts"),
    "front": ("--template", "node", "--database", "postgres", "--calls", "accounts,greetings"),
}


@pytest.fixture(scope="module")
def bank(images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A project made by ``init`` and ``scaffold`` alone, up and healthy."""
    checkout = Checkout(tmp_path_factory.mktemp("bank"), new_project(), free_port())
    first, *others = SERVICES
    named = ("--project", checkout.project, "--port", str(checkout.port), "--service", first)
    checkout.msctl("init", *named).good()
    for name in others:
        checkout.msctl("scaffold", "new-service", name, *SERVICES[name]).good()
    try:
        checkout.msctl("up").good()
        yield checkout
    finally:
        checkout.sweep()


@cache
def token(checkout: Checkout) -> str:
    """The operator's token for everything."""
    return checkout.msctl("token", "issue").good().stdout.strip()


def ask(checkout: Checkout, path: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {token(checkout)}", "Content-Type": "application/json"}
    request = urllib.request.Request(checkout.url + path, data, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def test_everything_is_healthy_registered_and_routed(bank: Checkout) -> None:
    found = bank.msctl("status", "--json").good().json()
    assert found["healthy"]
    instances = [instance for service in found["services"] for instance in service["instances"]]
    assert len(instances) == len(SERVICES)
    assert all(instance["registered"] for instance in instances)
    for name in SERVICES:
        assert isinstance(ask(bank, f"/api/{name}"), list)


@pytest.mark.parametrize("name", SERVICES)
def test_what_was_added_is_found(bank: Checkout, name: str) -> None:
    added = ask(bank, f"/api/{name}", {"text": "hello"})
    assert ask(bank, f"/api/{name}/{added['id']}") == added


def test_events_arrive(bank: Checkout) -> None:
    def heard(name: str) -> bool:
        return any(item["text"] == "account.opened happened" for item in ask(bank, f"/api/{name}"))

    ask(bank, "/api/accounts", {"text": "hello"})
    eventually(lambda: heard("greetings") and heard("ledger"))


@pytest.mark.parametrize(("name", "answers"), [
    ("greetings", {"accounts": 200}),
    ("quick", {"accounts": 200}),
    ("front", {"accounts": 200, "greetings": 200}),
])  # fmt: skip
def test_calls_arrive(bank: Checkout, name: str, answers: dict[str, int]) -> None:
    assert ask(bank, f"/api/{name}/neighbours") == answers


@pytest.mark.parametrize("name", ["greetings", "ledger", "quick", "front"])
def test_a_fresh_service_passes_the_exam(bank: Checkout, name: str) -> None:
    found = bank.msctl("conformance", name, "--json", "--events").good().json()
    assert {verdict["level"] for verdict in found} <= {"pass", "warn", "skip"}
    held = {verdict["check"] for verdict in found if verdict["level"] == "pass"}
    assert {"without a token it is 401", "a token without the scope is 403", "it is registered"} <= held


@pytest.mark.parametrize("name", ["accounts", "quick", "front"])
def test_it_stops_without_losing_anything_and_comes_back(bank: Checkout, name: str) -> None:
    found = bank.msctl("conformance", name, "--json", "--stop").good().json()
    assert {verdict["level"] for verdict in found if verdict["topic"] == "stop"} == {"pass"}


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("accounts", "SELECT text FROM items"),
        ("ledger", "SELECT text FROM items"),
        ("greetings", "HVALS items"),
    ],
)
def test_a_backup_brings_everything_back(bank: Checkout, name: str, table: str) -> None:
    ask(bank, f"/api/{name}", {"text": f"kept by {name}"})
    eventually(lambda: _at_rest(bank))
    first, second = bank.folder / f"{name}-1.gz", bank.folder / f"{name}-2.gz"
    bank.msctl("db", "backup", name, "--output", str(first)).good()
    ask(bank, f"/api/{name}", {"text": "too late"})
    bank.msctl("db", "restore", name, str(first), "--yes").good()
    bank.msctl("db", "backup", name, "--output", str(second)).good()
    assert gzip.decompress(first.read_bytes()) == gzip.decompress(second.read_bytes())
    told = bank.msctl("db", "shell", name, "-c", table).good().stdout
    assert f"kept by {name}" in told
    assert "too late" not in told
    assert ask(bank, f"/api/{name}", {"text": "afterwards"})["text"] == "afterwards"


def _at_rest(checkout: Checkout) -> bool:
    """Whether no event is on its way any more: one that came between two backups would tell them apart."""
    queues = checkout.msctl("events", "--json").good().json()
    outbox = postgres(checkout, "accounts", "SELECT count(*) FROM msctl_outbox")
    return outbox == "0" and not any(queue["waiting"] or queue["in_hand"] for queue in queues)


def test_a_restore_that_is_cut_off_in_postgres_undoes_itself(bank: Checkout) -> None:
    ask(bank, "/api/accounts", {"text": "kept by a transaction"})
    restore = command("postgres", "restore", "accounts")
    where = labels.database(bank.project, "accounts")
    cut = subprocess.run(
        ["docker", "exec", "-i", where, *restore],
        input="CREATE TABLE begun (x int);\nCOPY begun FROM STDIN;\n1\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (cut.returncode, "nothing was changed" in cut.stderr) == (1, True), cut.stderr
    told = bank.msctl("db", "shell", "accounts", "-c", "SELECT text FROM items").good().stdout
    assert "kept by a transaction" in told


def test_a_dump_that_mariadb_refuses_leaves_what_it_held(bank: Checkout) -> None:
    ask(bank, "/api/ledger", {"text": "kept beside"})
    refused = bank.folder / "refused.sql"
    refused.write_text("CREATE TABLE begun (x int);\nnonsense;\n")
    outcome = bank.msctl("db", "restore", "ledger", str(refused), "--yes")
    assert (outcome.exit_code, "holds what it did before" in outcome.stderr) == (1, True), outcome.stderr
    told = bank.msctl("db", "shell", "ledger", "-c", "SELECT text FROM items; SHOW TABLES").good().stdout
    assert "kept beside" in told
    assert "begun" not in told
    assert not list((bank.workspace / "backups").glob("ledger/*"))


@pytest.mark.parametrize(
    ("name", "statement"), [("accounts", "SELECT nope"), ("ledger", "SELECT nope"), ("greetings", "NOPE x")]
)
def test_a_wrong_statement_is_told(bank: Checkout, name: str, statement: str) -> None:
    outcome = bank.msctl("db", "shell", name, "-c", statement)
    assert outcome.exit_code == 1
    assert "nope" in outcome.stderr.lower()


@pytest.mark.parametrize("name", ["accounts", "ledger"])
def test_a_new_migration_is_applied_after_a_backup(bank: Checkout, name: str) -> None:
    migration = bank.folder / "services" / name / "migrations" / "002_more.sql"
    migration.write_text("ALTER TABLE items ADD COLUMN more integer;")
    told = bank.msctl("db", "status", name, "--json").good().json()["migrations"]
    assert told == {"applied": ["001_items.sql"], "pending": ["002_more.sql"]}
    assert "applied 002_more.sql" in bank.msctl("db", "migrate", name).good().stderr
    told = bank.msctl("db", "status", name, "--json").good().json()
    assert told["migrations"]["pending"] == []
    assert len(told["backups"]) == 1
    bank.msctl("db", "shell", name, "-c", "SELECT more FROM items").good()
    migration.unlink()


def test_nothing_is_left_to_do(bank: Checkout) -> None:
    assert bank.msctl("up", "--json").good().json()["changed"] == []


def test_the_node_services_own_tests_pass(bank: Checkout) -> None:
    name = bank.name("tests")
    docker("create", "--name", name, "msctl/node:18", "node", "--test")
    try:
        docker("cp", f"{bank.folder}/services/front/.", f"{name}:/app")
        told = docker("start", "--attach", name)
    finally:
        docker("rm", "--force", name)
    assert "# fail 0" in told
    assert "# pass 7" in told
