"""Rows and keys as the services' own databases hold them, asked for inside their containers."""

from __future__ import annotations

import json

from msctl import labels
from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import docker


def postgres(checkout: Checkout, service: str, sql: str) -> str:
    """Answer of a service's PostgreSQL: a line for each row, fields parted by ``|``."""
    where = labels.database(checkout.project, service)
    return docker("exec", where, "psql", "-U", "postgres", "-d", service, "-Atqc", sql)


def mariadb(checkout: Checkout, service: str, sql: str) -> str:
    """Answer of a service's MariaDB to its own login: a line for each row, fields parted by tabs."""
    where = labels.database(checkout.project, service)
    credentials = json.loads((checkout.workspace / "credentials.json").read_text())
    login = ("--env", f"MYSQL_PWD={credentials[f'database/{service}']}")
    client = ("mariadb", "--host=127.0.0.1", f"--user={service}", "-NB", service, "-e", sql)
    return docker("exec", *login, where, *client)


def redis(checkout: Checkout, service: str, *command: str) -> str:
    """Answer of a service's Redis to a command."""
    where = labels.database(checkout.project, service)
    password = 'sed -n "s/^user $0 on >\\([^ ]*\\).*/\\1/p" /run/secrets/redis.conf'
    client = f'REDISCLI_AUTH=$({password}) redis-cli --user "$0" --no-auth-warning "$@"'
    return docker("exec", where, "sh", "-c", client, service, *command)
