"""Containers of the services' own databases: PostgreSQL, MariaDB and Redis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from msctl import labels
from msctl.model.desired import (
    Attachment,
    ContainerSpec,
    Mount,
    Probe,
    SecretFile,
)
from msctl.model.secret import Secret
from msctl.plan.graces import usual_grace
from msctl.plan.livefiles import live_file

if TYPE_CHECKING:
    from msctl.model.desired import ImageFact
    from msctl.model.project import Database, DatabaseEngine

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


_PSQL = (
    *("psql", "-U", "postgres", "-d", "postgres", "-q", "-X"),
    *("-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=terse", "-f", f"{_SECRETS}/login.sql"),
)
_MARIADB_RELOAD = f"""MYSQL_PWD=$(cat {_SECRETS}/superuser_password)
export MYSQL_PWD
exec mariadb --no-defaults -uroot < {_SECRETS}/init.sql"""
_REDIS_SUPERUSER = "_superuser"
_REDIS_RELOAD = f"""REDISCLI_AUTH=$(cat {_SECRETS}/superuser_password)
export REDISCLI_AUTH
said=$(sed -n "s/^user $1 /ACL SETUSER $1 reset /p" {_SECRETS}/redis.conf |
  redis-cli --no-auth-warning --user {_REDIS_SUPERUSER} 2>&1)
[ "$said" = OK ] || {{ echo "$said"; exit 1; }}"""
"""What is running takes its logins from the files again; whoever is connected stays so."""


@dataclass(frozen=True, slots=True)
class Login:
    """A service's name, which is also its role's and its database's, and the passwords that go with it.

    The ``former`` one is valid, too, while it is being replaced. A role of PostgreSQL has one password, so
    there the service has two roles that take turns, and ``second`` tells whose the present password is.
    """

    service: str
    password: Secret
    superuser: Secret
    former: Secret | None = None
    second: bool = False

    @property
    def passwords(self) -> tuple[Secret, ...]:
        """All that are valid, the present one first."""
        return (self.password,) if self.former is None else (self.password, self.former)

    def user(self, engine: DatabaseEngine) -> str:
        """Whose the present password is."""
        return _roles(self.service)[self.second] if engine == "postgres" else self.service


def url(project: str, engine: DatabaseEngine, login: Login) -> Secret:
    """The URL a service reaches its database by, as ``DATABASE_URL_FILE`` holds it."""
    about = ENGINES[engine]
    path = "0" if engine == "redis" else quote(login.service, safe="")
    user, password = quote(login.user(engine), safe=""), quote(login.password.reveal(), safe="")
    host = labels.database(project, login.service)
    return Secret(f"{about.scheme}://{user}:{password}@{host}:{about.port}/{path}")


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
    """The service's roles and database are set through the local socket once the server is up."""
    return replace(
        spec,
        environment={
            "POSTGRES_PASSWORD_FILE": f"{_SECRETS}/superuser_password",
            "PGDATA": spec.mounts[0].target,
        },
        secrets=(
            SecretFile("superuser_password", login.superuser),
            *live_file("login.sql", _postgres_statements(login)),
        ),
        provision=_PSQL,
        reload_command=_PSQL,
        stop_signal="SIGINT",
    )


def _mariadb(spec: ContainerSpec, login: Login) -> ContainerSpec:
    """The server runs ``init.sql`` at every boot, so the credentials are always the ones of the files."""
    return replace(
        spec,
        environment={"MARIADB_ROOT_PASSWORD_FILE": f"{_SECRETS}/superuser_password"},
        secrets=(
            SecretFile("superuser_password", login.superuser),
            *live_file("init.sql", _mariadb_statements(login)),
        ),
        command=(f"--init-file={_SECRETS}/init.sql",),
        reload_command=("sh", "-c", _MARIADB_RELOAD),
    )


def _redis(spec: ContainerSpec, login: Login) -> ContainerSpec:
    return replace(
        spec,
        secrets=(
            SecretFile("superuser_password", login.superuser),
            *live_file("redis.conf", _redis_configuration(login)),
        ),
        command=("redis-server", f"{_SECRETS}/redis.conf"),
        reload_command=("sh", "-c", _REDIS_RELOAD, "sh", login.service),
    )


_CONFIGURE: dict[DatabaseEngine, Callable[[ContainerSpec, Login], ContainerSpec]] = {
    "postgres": _postgres,
    "mariadb": _mariadb,
    "redis": _redis,
}


def _roles(service: str) -> tuple[str, str]:
    """The roles of PostgreSQL that take turns; a service's name has no dot."""
    return service, f"{service}.2"


def _postgres_statements(login: Login) -> str:
    """The second role acts as the first one, which therefore owns everything, whosever turn it is."""
    first, second = _roles(login.service)
    owner, other, literal = _identifier(first, '"'), _identifier(second, '"'), _literal(first)
    passwords = dict(zip((second, first) if login.second else (first, second), login.passwords, strict=False))
    return (  # the names are DNS labels, quoted all the same; the server's log must not show a password
        "SET log_min_error_statement = panic;\nSET log_statement = none;\n"
        "SET client_min_messages = warning;\n"
        f"{_unless_there(f'CREATE ROLE {owner}', 'pg_roles', 'rolname', first)}"
        f"{_unless_there(f'CREATE ROLE {other}', 'pg_roles', 'rolname', second)}"
        f"GRANT {owner} TO {other};\nALTER ROLE {other} SET role = {literal};\n"
        f"{_admittance(owner, passwords.get(first))}{_admittance(other, passwords.get(second))}"
        f"{_unless_there(f'CREATE DATABASE {owner} OWNER {owner}', 'pg_database', 'datname', first)}"
    )


def _unless_there(statement: str, catalog: str, column: str, name: str) -> str:
    there = f"(SELECT FROM {catalog} WHERE {column} = {_literal(name)})"
    return f"SELECT {_literal(statement)} WHERE NOT EXISTS {there} \\gexec\n"


def _admittance(role: str, password: Secret | None) -> str:
    if password is None:
        return f"ALTER ROLE {role} NOLOGIN NOSUPERUSER PASSWORD NULL;\n"
    return f"ALTER ROLE {role} LOGIN NOSUPERUSER PASSWORD {_literal(password.reveal())};\n"


def _mariadb_statements(login: Login) -> str:
    user, database = f"{_literal(login.service)}@'%'", _identifier(login.service, "`")
    texts = [_literal(password.reveal()) for password in login.passwords]
    valid = " OR ".join(f"mysql_native_password USING PASSWORD({text})" for text in texts)
    superuser = _literal(login.superuser.reveal())
    return (
        f"CREATE DATABASE IF NOT EXISTS {database} CHARACTER SET utf8mb4;\n"
        f"CREATE USER IF NOT EXISTS {user};\n"
        f"ALTER USER {user} IDENTIFIED VIA {valid};\n"
        f"GRANT ALL PRIVILEGES ON {database}.* TO {user};\n"
        f"ALTER USER IF EXISTS 'root'@'%' IDENTIFIED BY {superuser};\n"
        "ALTER USER IF EXISTS 'root'@'localhost' "
        f"IDENTIFIED VIA mysql_native_password USING PASSWORD({superuser}) OR unix_socket;\n"
    )


def _redis_configuration(login: Login) -> str:
    valid = " ".join(f">{password.reveal()}" for password in login.passwords)
    return (
        "bind * -::*\nprotected-mode no\ndir /data\nappendonly yes\nappendfsync everysec\n"
        f"user default off\nuser {_REDIS_SUPERUSER} on >{login.superuser.reveal()} ~* &* +@all\n"
        f"user {login.service} on {valid} ~* &* +@all -@admin\n"
    )


def _identifier(name: str, quote_mark: str) -> str:
    return quote_mark + name.replace(quote_mark, quote_mark * 2) + quote_mark


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
