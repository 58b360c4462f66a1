"""Containers of the services' own databases: PostgreSQL, MariaDB and Redis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import quote

from msctl import labels
from msctl.model.desired import (
    Attachment,
    ContainerSpec,
    ImageFact,
    Mount,
    Probe,
    Provision,
    SecretFile,
)
from msctl.model.project import Database, DatabaseEngine
from msctl.model.secret import Secret
from msctl.plan.graces import usual_grace

_SECRETS = "/run/secrets"


@dataclass(frozen=True, slots=True)
class Engine:
    """How one database engine is run: its URL scheme, port, data folder and readiness question."""

    scheme: str
    port: int
    data: str
    ready: tuple[str, ...]
    run: str


ENGINES: dict[DatabaseEngine, Engine] = {
    "postgres": Engine(
        "postgresql",
        5432,
        "/var/lib/postgresql/data",
        ("pg_isready", "-q", "-h", "127.0.0.1", "-U", "postgres"),
        "/var/run/postgresql",
    ),
    "mariadb": Engine(
        "mysql",
        3306,
        "/var/lib/mysql",
        ("mariadb-admin", "--no-defaults", "--host=127.0.0.1", "--connect-timeout=1", "--silent", "ping"),
        "/run/mysqld",
    ),
    "redis": Engine(
        "redis",
        6379,
        "/data",
        ("sh", "-c", "redis-cli ping 2>/dev/null | grep -Eq '^(PONG|NOAUTH)'"),
        "",
    ),
}


@dataclass(frozen=True, slots=True)
class Login:
    """A service's name, which is also its role's and its database's, and the passwords that go with it."""

    service: str
    password: Secret
    superuser: Secret


def url(project: str, service: str, engine: DatabaseEngine, password: Secret) -> Secret:
    """The URL a service reaches its database by, as ``DATABASE_URL_FILE`` holds it."""
    about = ENGINES[engine]
    path = "0" if engine == "redis" else quote(service, safe="")
    user = quote(service, safe="")
    host = labels.database(project, service)
    return Secret(f"{about.scheme}://{user}:{quote(password.reveal(), safe='')}@{host}:{about.port}/{path}")


def container(project: str, database: Database, login: Login, image: ImageFact) -> ContainerSpec:
    """The container of a service's own database, alone with the service on a private network."""
    about = ENGINES[database.engine]
    name = labels.database(project, login.service)
    spec = ContainerSpec(
        name=name,
        role="database",
        service=login.service,
        image=image.reference,
        image_identity=image.identity,
        user="999:999",
        attachments=(Attachment(name),),
        mounts=(Mount(labels.data_volume(project, login.service), about.data),),
        tmpfs={path: "mode=1777" for path in ("/tmp", about.run) if path},  # noqa: S108
        read_only=True,
        memory=database.memory,
        cpu_shares=2048,
        stop_grace=usual_grace("database"),
        probe=Probe("exec", about.port, command=about.ready),
    )
    return _CONFIGURE[database.engine](spec, login)


def _postgres(spec: ContainerSpec, login: Login) -> ContainerSpec:
    """The service's role and database are set through the local socket once the server is up."""
    command = (
        "psql",
        "-q",
        "-X",
        "-v",
        "ON_ERROR_STOP=1",
        "-v",
        "VERBOSITY=terse",
        "-U",
        "postgres",
        "-d",
        "postgres",
    )
    return replace(
        spec,
        environment={
            "POSTGRES_PASSWORD_FILE": f"{_SECRETS}/superuser_password",
            "PGDATA": spec.mounts[0].target,
        },
        secrets=(SecretFile("superuser_password", login.superuser),),
        provision=Provision(command, Secret(_postgres_statements(login.service, login.password.reveal()))),
        stop_signal="SIGINT",
    )


def _mariadb(spec: ContainerSpec, login: Login) -> ContainerSpec:
    """The server runs ``init.sql`` at every boot, so the credentials are always the ones of the files."""
    statements = _mariadb_statements(login.service, login.password.reveal(), login.superuser.reveal())
    return replace(
        spec,
        environment={"MARIADB_ROOT_PASSWORD_FILE": f"{_SECRETS}/superuser_password"},
        secrets=(
            SecretFile("superuser_password", login.superuser),
            SecretFile("init.sql", Secret(statements)),
        ),
        command=(f"--init-file={_SECRETS}/init.sql",),
    )


def _redis(spec: ContainerSpec, login: Login) -> ContainerSpec:
    text = _redis_configuration(login.service, login.password.reveal())
    return replace(
        spec,
        secrets=(SecretFile("redis.conf", Secret(text)),),
        command=("redis-server", f"{_SECRETS}/redis.conf"),
    )


_CONFIGURE: dict[DatabaseEngine, Callable[[ContainerSpec, Login], ContainerSpec]] = {
    "postgres": _postgres,
    "mariadb": _mariadb,
    "redis": _redis,
}


def _postgres_statements(service: str, password: str) -> str:
    role, literal = _identifier(service, '"'), _literal(service)
    return (  # the names are DNS labels, quoted all the same; the server's log must not show a password
        "SET log_min_error_statement = panic;\nSET log_statement = none;\n"
        f"SELECT 'CREATE ROLE {role}' WHERE NOT EXISTS "
        f"(SELECT FROM pg_roles WHERE rolname = {literal}) \\gexec\n"
        f"ALTER ROLE {role} LOGIN NOSUPERUSER PASSWORD {_literal(password)};\n"
        f"SELECT 'CREATE DATABASE {role} OWNER {role}' WHERE NOT EXISTS "
        f"(SELECT FROM pg_database WHERE datname = {literal}) \\gexec\n"
    )


def _mariadb_statements(service: str, password: str, superuser: str) -> str:
    user, database = f"{_literal(service)}@'%'", _identifier(service, "`")
    return (
        f"CREATE DATABASE IF NOT EXISTS {database} CHARACTER SET utf8mb4;\n"
        f"CREATE USER IF NOT EXISTS {user};\n"
        f"ALTER USER {user} IDENTIFIED BY {_literal(password)};\n"
        f"GRANT ALL PRIVILEGES ON {database}.* TO {user};\n"
        f"ALTER USER IF EXISTS 'root'@'%' IDENTIFIED BY {_literal(superuser)};\n"
        "ALTER USER IF EXISTS 'root'@'localhost' "
        f"IDENTIFIED VIA mysql_native_password USING PASSWORD({_literal(superuser)}) OR unix_socket;\n"
    )


def _redis_configuration(service: str, password: str) -> str:
    return (
        "bind * -::*\nprotected-mode no\ndir /data\nappendonly yes\nappendfsync everysec\n"
        f"user default off\nuser {service} on >{password} ~* &* +@all -@admin\n"
    )


def _identifier(name: str, quote_mark: str) -> str:
    return quote_mark + name.replace(quote_mark, quote_mark * 2) + quote_mark


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
