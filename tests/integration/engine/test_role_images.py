"""Each role's image as it is run: its user, no capabilities, a read-only root, secret files."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from msctl.engine.docker import DockerEngine
from msctl.engine.images.roles import ROLES
from msctl.engine.port import Identity
from msctl.errors import EngineError
from msctl.model.desired import Attachment, ContainerSpec, Mount, NetworkSpec, SecretFile, VolumeSpec
from msctl.model.secret import Secret
from tests.integration.role_image import role_image
from tests.integration.waiting import eventually

pytestmark = pytest.mark.integration

PASSWORD = "s3cret'\\with \"quotes"
CLIENT_QUESTIONS = """
import socket, struct, sys, urllib.request
kind, host, rest = sys.argv[1:4]
if kind == "http":
    print(urllib.request.urlopen(f"http://{host}{rest}", timeout=3).read().decode())
elif kind == "amqp":
    with socket.create_connection((host, 5672), 3) as peer:
        peer.sendall(b"AMQP\\x00\\x00\\x09\\x01")
        print(peer.recv(16)[:1].hex())
elif kind == "dns":
    labels = b"".join(bytes([len(part)]) + part.encode() for part in rest.split("."))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.settimeout(3)
        peer.sendto(struct.pack("!6H", 7, 256, 1, 0, 0, 0) + labels + b"\\0\\0\\1\\0\\1", (host, 53))
        print(struct.unpack("!6H", peer.recv(512)[:12])[3])
"""
STALE_BYTECODE = """
python -v -c 'import aiohttp, asyncpg, pip, msctl.chassis, msctl.gateway.process' 2> /tmp/imports
grep -q "code object from '/opt/msctl/.*pyc'" /tmp/imports || echo nothing was looked at
echo $(grep -o 'code object from /.*[.]py$' /tmp/imports)
"""
"""Sources that Python had to compile, since their bytecode is missing or is not believed."""


def start(
    engine: DockerEngine,
    identity: Identity,
    role: str,
    *,
    command: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
    tmpfs: Sequence[str] = (),
) -> str:
    """Start the role's image as the engine would and return the container's name."""
    name, network = f"{identity.project}-{role}", identity.project
    engine.create_network(identity, NetworkSpec(network, "project", addressed=True), None)
    spec = ContainerSpec(
        name,
        "database",
        role_image(role),
        "",
        command=tuple(command),
        user=ROLES[role].user,
        environment=environment or {},
        secrets=tuple(SecretFile(file, Secret(text)) for file, text in (secrets or {}).items()),
        attachments=(Attachment(network, (role,)),),
        tmpfs=dict.fromkeys(("/tmp", *tmpfs), "mode=1777"),
        hostname=role,
        read_only=True,
    )
    data = ROLES[role].data
    if data:
        engine.create_volume(identity, VolumeSpec(f"{name}-data", "database"))
        spec = replace(spec, mounts=(Mount(f"{name}-data", data),))
    engine.create_container(identity, spec, "hash", {})
    engine.start_container(identity, name)
    return name


def said(engine: DockerEngine, name: str) -> str:
    """Everything that the container wrote."""
    return "".join(line.text for line in engine.logs(name))


def ask(engine: DockerEngine, name: str, *command: str) -> str:
    """Output of a command in the container, empty when it fails or the container does not run."""
    try:
        result = engine.execute(name, command, timeout=60)
    except EngineError:
        return ""
    return result.output if result.exit_code == 0 else ""


def ask_over_network(engine: DockerEngine, identity: Identity, kind: str, host: str, rest: str = "") -> str:
    """An answer got from another container of the project's network."""
    client = f"{identity.project}-runtime"
    if all(container.name != client for container in engine.observe(identity.project).containers):
        start(engine, identity, "runtime", command=["python", "-c", "import time; time.sleep(600)"])
    return ask(engine, client, "python", "-c", CLIENT_QUESTIONS, kind, host, rest)


def postgres(engine: DockerEngine, identity: Identity) -> str:
    """A PostgreSQL with a user and a database of its own."""
    names = {"POSTGRES_USER": "orders", "POSTGRES_DB": "orders_db"}
    return start(
        engine,
        identity,
        "postgres",
        command=["-c", "max_connections=17"],
        environment={**names, "POSTGRES_PASSWORD_FILE": "/run/secrets/password"},
        secrets={"password": PASSWORD},
        tmpfs=["/run/postgresql"],
    )


def test_postgres(docker_engine: DockerEngine, identity: Identity) -> None:
    name = postgres(docker_engine, identity)
    query = "select current_database(), current_setting('max_connections')"
    local = ("psql", "-U", "orders", "-d", "orders_db", "-Atc", query)
    assert eventually(lambda: ask(docker_engine, name, *local), 60) == "orders_db|17\n"
    over_network = ("psql", "-h", "postgres", "-U", "orders", "-d", "orders_db", "-Atc", "select 1")
    assert ask(docker_engine, name, *over_network) == ""
    right = ("env", f"PGPASSWORD={PASSWORD}", *over_network)
    assert ask(docker_engine, name, *right) == "1\n"


def test_postgres_killed_while_it_makes_its_cluster_begins_again(
    docker_engine: DockerEngine, identity: Identity
) -> None:
    name = postgres(docker_engine, identity)
    for _ in range(3):
        docker_engine.signal_container(identity, name, "SIGKILL")
        docker_engine.start_container(identity, name)
    local = ("psql", "-U", "orders", "-d", "orders_db", "-Atc", "select 1")
    assert eventually(lambda: ask(docker_engine, name, *local), 60) == "1\n"


def test_mariadb(docker_engine: DockerEngine, identity: Identity) -> None:
    names = {
        "MARIADB_USER": "inventory",
        "MARIADB_DATABASE": "inventory_db",
        "MARIADB_RANDOM_ROOT_PASSWORD": "1",
    }
    name = start(
        docker_engine,
        identity,
        "mariadb",
        command=["--max-connections=17", "--init-file=/run/secrets/init.sql"],
        environment={**names, "MARIADB_PASSWORD_FILE": "/run/secrets/password"},
        secrets={
            "password": PASSWORD,
            "init.sql": "CREATE TABLE IF NOT EXISTS inventory_db.marker (id INT);\n",
        },
        tmpfs=["/run/mysqld"],
    )
    login = ("mariadb", "-h", "mariadb", "-u", "inventory", f"-p{PASSWORD}", "inventory_db", "-BNe")
    query = "select @@max_connections, count(*) from marker"
    assert eventually(lambda: ask(docker_engine, name, *login, query), 60) == "17\t0\n"
    wrong = ("mariadb", "-h", "mariadb", "-u", "inventory", "-pwrong", "-BNe", "select 1")
    assert ask(docker_engine, name, *wrong) == ""


def test_redis(docker_engine: DockerEngine, identity: Identity) -> None:
    configuration = "bind 0.0.0.0\nrequirepass secret\ndir /data\nappendonly yes\n"
    name = start(
        docker_engine,
        identity,
        "redis",
        command=["redis-server", "/run/secrets/redis.conf"],
        secrets={"redis.conf": configuration},
    )
    ping = ("redis-cli", "-h", "redis", "-a", "secret", "--no-auth-warning", "ping")
    assert eventually(lambda: ask(docker_engine, name, *ping), 30) == "PONG\n"


def test_broker(docker_engine: DockerEngine, identity: Identity) -> None:
    definitions = {
        "users": [{"name": "admin", "password": "secret", "tags": "administrator"}],
        "vhosts": [{"name": "shop"}],
        "permissions": [{"user": "admin", "vhost": "shop", "configure": ".*", "write": ".*", "read": ".*"}],
    }
    name = start(
        docker_engine,
        identity,
        "broker",
        environment={
            "RABBITMQ_CONFIG_FILE": "/run/secrets/rabbitmq.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": "/run/secrets/enabled_plugins",
            "RABBITMQ_NODENAME": "rabbit@broker",
        },
        secrets={
            "rabbitmq.conf": "load_definitions = /run/secrets/definitions.json\n",
            "enabled_plugins": "[].\n",
            "definitions.json": json.dumps(definitions),
        },
    )
    eventually(lambda: ask_over_network(docker_engine, identity, "amqp", "broker"), 90)
    assert "shop" in ask(docker_engine, name, "rabbitmqctl", "-q", "list_vhosts")
    eventually(lambda: "Server startup complete" in said(docker_engine, name))
    started_first = "[A || {A, _, _} <- lists:sublist(lists:reverse(application:which_applications()), 4)]."
    first = ask(docker_engine, name, "rabbitmqctl", "-q", "eval", started_first)
    assert "msctl_boot" in first  # so it stops when all of RabbitMQ has
    docker_engine.stop_container(identity, name, 60)
    assert docker_engine.inspect(name).exit_code == 0
    stopped = r"Message store for directory '\S+msg_store_transient' is stopped"
    assert re.search(stopped, said(docker_engine, name))


def test_registry(docker_engine: DockerEngine, identity: Identity) -> None:
    configuration = {
        "server": True,
        "bootstrap_expect": 1,
        "bind_addr": "0.0.0.0",
        "client_addr": "0.0.0.0",
        "ports": {"dns": 53},
        "node_name": "registry",
    }
    start(
        docker_engine,
        identity,
        "registry",
        command=["agent", "-config-file=/run/secrets/registry.json"],
        secrets={"registry.json": json.dumps(configuration)},
    )
    leader = ("http", "registry:8500", "/v1/status/leader")
    eventually(lambda: ":8300" in ask_over_network(docker_engine, identity, *leader), 60)
    question = ("dns", "registry", "consul.service.consul")
    eventually(lambda: ask_over_network(docker_engine, identity, *question) == "1\n", 60)


def test_metrics(docker_engine: DockerEngine, identity: Identity) -> None:
    start(
        docker_engine,
        identity,
        "metrics",
        command=["--config.file=/run/secrets/prometheus.yml", "--storage.tsdb.path=/prometheus"],
        secrets={"prometheus.yml": "global: {scrape_interval: 5s}\n"},
    )
    ready = ("http", "metrics:9090", "/-/ready")
    assert "Ready" in eventually(lambda: ask_over_network(docker_engine, identity, *ready), 60)


def test_runtime(docker_engine: DockerEngine, identity: Identity) -> None:
    name = start(docker_engine, identity, "runtime", command=["python", "-c", "import time; time.sleep(600)"])
    imports = "import aiohttp, asyncpg, asyncmy, uvloop, msctl; print(msctl.__file__)"
    assert ask(docker_engine, name, "python", "-c", imports).startswith("/opt/msctl/")
    assert ask(docker_engine, name, "sh", "-c", STALE_BYTECODE) == "\n"
    assert "0.1.0" in ask(docker_engine, name, "msctl", "--version") or ask(
        docker_engine, name, "msctl", "version"
    )
    assert ask(docker_engine, name, "id", "-u") == "10001\n"
    bundle = "import ssl; print(ssl.get_default_verify_paths().cafile)"
    assert ask(docker_engine, name, "python", "-c", bundle) == "None\n"
    each = "find /usr/share/ca-certificates -type f -exec openssl verify -no_check_time {} ;"
    verified = ask(docker_engine, name, *each.split()).splitlines()
    assert len(verified) > 100
    assert all(line.endswith(": OK") for line in verified)
