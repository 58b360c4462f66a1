"""What of a Compose file becomes a manifest, and that nothing is left out in silence."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from msctl.errors import UsageError
from msctl.manifest.disk import Disk
from msctl.manifest.loading import load, validate
from msctl.manifest.source import Source
from msctl.scaffold.compose.exporting import export_compose
from msctl.scaffold.compose.importing import Result, import_compose
from msctl.scaffold.compose.values import Unfit, container_port, duration, size, text

ROOT = Path(__file__).parents[3]
COMPOSE = """\
name: My_Shop
version: "3.8"
volumes: {data: {}}
services:
  Web_App:
    build: {context: ./web, dockerfile: Dockerfile.prod}
    ports: ["127.0.0.1:8080:5000", "9000"]
    environment:
      - DATABASE_URL=postgres://me:x@db:5432/me
      - LEVEL=${LEVEL-info}
      - FROM_CALLER
      - PORT=5000
    depends_on: {db: {condition: service_healthy}, api: {condition: service_started}}
    deploy: {replicas: 2, resources: {limits: {memory: 512M, cpus: "0.5"}}, restart_policy: {}}
    healthcheck: {test: ["CMD", "curl", "-f", "http://localhost:5000/healthz"], interval: 10s, retries: 3}
    stop_grace_period: 20s
    volumes: ["./web:/app"]
  api:
    image: example/api:1
    expose: [7000]
    command: run
    healthcheck: {test: "pg_isready"}
  db:
    image: docker.io/library/postgres:16
    volumes: [data:/var/lib/postgresql/data]
  cache: {image: redis:7}
  mq: {image: "rabbitmq:3-management"}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "Dockerfile").write_text("FROM scratch\n")
    return tmp_path


def made(folder: Path, compose: str = COMPOSE) -> Result:
    (folder / "compose.yaml").write_text(compose)
    return import_compose(folder / "compose.yaml", {"LEVEL": "x", "FROM_CALLER": "y"}, 8123)


def test_what_a_manifest_can_say_is_carried_over(folder: Path) -> None:
    result = made(folder)
    assert result.problems == ()
    environment = {"FROM_CALLER": "y"}
    project = validate(Source("msctl.yaml", result.text, ""), environment, Disk(folder)).project
    assert (project.name, project.gateway.port, list(project.services)) == (
        "my-shop",
        8123,
        ["web-app", "api"],
    )
    web, api = project.services["web-app"], project.services["api"]
    assert (web.build, web.port, web.replicas, web.stop_grace) == (Path("web"), 5000, 2, 20.0)
    assert web.database is not None
    assert web.database.engine == "postgres"
    assert (web.resources.memory, web.resources.cpus) == (512 * 1024**2, 0.5)
    assert (web.health.path, web.health.interval) == ("/healthz", 10.0)
    assert web.environment["LEVEL"] == "info"
    assert web.environment["FROM_CALLER"] == "y"
    assert (dict(web.calls), api.image, api.port) == ({"api": None}, "example/api:1", 7000)
    assert [route.path for route in project.gateway.routes] == ["/web-app/{rest:path}"]


@pytest.mark.parametrize(
    "path",
    [
        "volumes",
        "services.Web_App",
        "services.Web_App.build.dockerfile",
        "services.Web_App.ports",
        "services.Web_App.environment.PORT",
        "services.Web_App.depends_on",
        "services.Web_App.deploy.restart_policy",
        "services.Web_App.healthcheck.retries",
        "services.Web_App.volumes",
        "services.api.command",
        "services.api.healthcheck",
        "services.db",
        "services.cache",
        "services.mq",
    ],
)
def test_nothing_is_left_out_in_silence(folder: Path, path: str) -> None:
    assert path in {note.path for note in made(folder).notes}


def test_every_key_is_in_the_manifest_or_in_a_note(folder: Path) -> None:
    """Also keys that nobody thought of."""
    notes = made(folder, "services: {a: {image: x, sysctls: {}, whatever: 1}}\nx-more: 1\n").notes
    assert {note.path for note in notes} == {"services.a.sysctls", "services.a.whatever", "x-more"}


def test_a_database_that_two_use_becomes_one_for_each(folder: Path) -> None:
    result = made(
        folder,
        "services:\n  a: {image: a, depends_on: [db]}\n  b: {image: b, depends_on: [db]}\n"
        "  db: {image: mysql:8}\n",
    )
    entries = yaml.safe_load(result.text)["services"]
    assert [entry["database"] for entry in entries.values()] == ["mariadb", "mariadb"]
    assert any("empty" in note.what for note in result.notes)
    assert any("MariaDB" in note.what for note in result.notes)


def test_what_has_to_be_mended_is_told(tmp_path: Path) -> None:
    result = made(tmp_path)
    assert any("web" in problem.what for problem in result.problems)


@pytest.mark.parametrize("text", ["[", "[]", "services: []", "a: 1", "services: {a: [1]}"])
def test_what_is_no_compose_file_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match=r"compose\.yaml"):
        made(tmp_path, text)


def places(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything in a document."""
    yield path
    if isinstance(value, dict | list):
        for key, below in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(below, (*path, key))


def put(document: Any, path: tuple[Any, ...], value: object) -> None:
    for key in path[:-1]:
        document = document[key]
    document[path[-1]] = value


ODD: tuple[object, ...] = (
    None,
    True,
    5,
    -1.5,
    math.inf,
    "",
    "x",
    "9" * 5000,
    date(2026, 1, 1),
    b"x",
    [],
    [[1]],
    {},
    {"a": [1]},
)
EVERYTHING = """
services:
  db: {image: "postgres:16", environment: {POSTGRES_PASSWORD: x}}
  web:
    image: web
    build: {context: web, dockerfile: Dockerfile}
    ports: ["80:80", {target: 90, published: 1}]
    expose: [9]
    environment: {A: b, DATABASE_URL: "postgres://db/x", C: null}
    deploy: {replicas: 2, resources: {limits: {memory: 1g, cpus: "0.5"}}}
    healthcheck: {test: ["CMD", "curl", "http://localhost/x"], interval: 1s}
    scale: 2
    stop_grace_period: 3s
    mem_limit: 5m
    cpus: 1.5
    depends_on: {db: {condition: x}}
"""


@pytest.mark.parametrize(
    "path", [path for path in places(yaml.safe_load(EVERYTHING)) if len(path) > 1], ids=str
)
def test_a_value_of_a_wrong_kind_is_noted_or_a_problem(folder: Path, path: tuple[Any, ...]) -> None:
    for value in ODD:
        document = yaml.safe_load(EVERYTHING)
        put(document, path, value)
        try:
            result = made(folder, yaml.safe_dump(document))
        except UsageError:
            assert len(path) == 2, value  # an entry that is no mapping
            continue
        assert isinstance(yaml.safe_load(result.text), dict), value


def test_numbers_may_be_variables(folder: Path) -> None:
    result = made(folder, "services: {web: {build: web, scale: '${N:-2}', cpus: '$LEVEL'}}")
    web = yaml.safe_load(result.text)["services"]["web"]
    assert (web["replicas"], web["resources"]["cpus"]) == ("${N:-2}", "${LEVEL}")


def test_of_two_whose_names_become_one_the_second_is_told(folder: Path) -> None:
    result = made(folder, "services: {a_b: {image: one}, a.b: {image: two}}")
    assert yaml.safe_load(result.text)["services"] == {"a-b": {"image": "one"}}
    assert any(note.path == "services.a.b" and "left out" in note.what for note in result.notes)


def laughing(times: int) -> str:
    """Ten words, by aliases of aliases ten to the power of ``times`` of them."""
    lines = ["x0: &x0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    lines += [f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]" for n in range(1, times)]
    return "\n".join([*lines, f"services: {{web: {{image: x, mem_limit: *x{times - 1}}}}}"])


@pytest.mark.parametrize(
    "text", ["a: " + "[" * 5000, laughing(12), "a: &a\n  b: *a", "services: {web: {x: 2026-99-99}}"],
    ids=["deep", "laughing", "within itself", "no date"],
)  # fmt: skip
def test_what_only_looks_like_yaml_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match=r"compose\.yaml"):
        made(tmp_path, text)


def test_aliases_are_read(folder: Path) -> None:
    text = "x: &x {image: one, scale: 3}\nservices: {web: {<<: *x}, other: {<<: *x, image: two}}"
    services = yaml.safe_load(made(folder, text).text)["services"]
    assert services == {"web": {"image": "one", "replicas": 3}, "other": {"image": "two", "replicas": 3}}


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no file"):
        import_compose(tmp_path / "none.yaml", {}, 1)


@pytest.mark.parametrize(
    ("written", "ours"),
    [
        ("$A", "${A}"),
        ("${A}", "${A}"),
        ("${A-b}", "${A:-b}"),
        ("${A:?say}", "${A:?say}"),
        ("a$$b", "a$$b"),
        (True, "true"),
    ],
)
def test_variables(written: object, ours: str) -> None:
    assert text(written) == ours


@pytest.mark.parametrize(
    ("written", "ours"), [("512M", "512MiB"), ("1g", "1024MiB"), ("1.5GB", "1536MiB"), (1048576, "1MiB")]
)
def test_sizes(written: object, ours: str) -> None:
    assert size(written) == ours


def test_durations_and_ports() -> None:
    assert (duration("1m30s"), duration(5)) == ("1m30s", "5s")
    assert container_port("127.0.0.1:80:8000/tcp") == (8000, True)
    assert container_port({"target": 81, "published": 8081}) == (81, True)
    assert container_port(82) == (82, False)
    for wrong in (lambda: container_port("80-90"), lambda: container_port("53:53/udp"), lambda: size("x"),
                  lambda: duration("soon"), lambda: text("${A:+b}")):  # fmt: skip
        with pytest.raises(Unfit):
            wrong()


def exported() -> dict[str, Any]:
    document, _ = export_compose(load(ROOT / "msctl.yaml", {}).project, "msctl/runtime:1")
    found: dict[str, Any] = yaml.safe_load(document)
    return found


def test_the_shop_as_a_compose_file() -> None:
    services = exported()["services"]
    assert set(services) == {
        "orders", "orders-db", "inventory", "inventory-db", "payments", "payments-db", "notifications",
        "notifications-db", "broker",
    }  # fmt: skip
    orders = services["orders"]
    assert orders["deploy"]["replicas"] == 2
    assert set(orders["depends_on"]) == {"orders-db", "broker"}
    assert orders["environment"]["DATABASE_URL_FILE"] == "/run/secrets/database_url"
    assert {mount["source"] for mount in orders["configs"]} == {"orders_database_url", "amqp_url"}


def test_no_password_is_in_the_exported_file() -> None:
    content = exported()["configs"]["orders_database_url"]["content"]
    assert content == "postgresql://orders:${ORDERS_DATABASE_PASSWORD:?set it}@orders-db:5432/orders"


def test_what_compose_cannot_say_is_told() -> None:
    _, notes = export_compose(load(ROOT / "msctl.yaml", {}).project, "msctl/runtime:1")
    assert {note.partition(":")[0] for note in notes} == {"gateway", "registry", "auth", "broker"}
