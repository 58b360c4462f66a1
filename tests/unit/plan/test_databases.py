"""Statements and configuration that give a service its own database."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msctl.model.desired import ImageFact
from msctl.model.project import Database, DatabaseEngine
from msctl.model.secret import Secret
from msctl.plan.confighash import config_hash
from msctl.plan.databases import ENGINES, Login, container, url

IMAGE = ImageFact("postgres:17", "id", "official", "17")
FILES: dict[DatabaseEngine, str] = {"postgres": "login.sql", "mariadb": "init.sql", "redis": "redis.conf"}


def login(password: str = "p", former: str | None = None, *, second: bool = False) -> Login:
    return Login(
        "orders", Secret(password), Secret("r"), None if former is None else Secret(former), second=second
    )


def text(engine: DatabaseEngine, one: Login) -> str:
    """The file from which a database takes its logins."""
    spec = container("shop", Database(engine), one, IMAGE)
    return next(file.content.reveal() for file in spec.secrets if file.name == FILES[engine])


@settings(deadline=None)
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_any_password_survives_the_url(password: str) -> None:
    parts = urlsplit(url("shop", "postgres", login(password)).reveal())
    assert unquote(parts.password or "") == password
    assert (parts.hostname, parts.port, parts.path) == ("shop-orders-db", 5432, "/orders")


@pytest.mark.parametrize(
    ("engine", "second"), [("postgres", "orders.2"), ("mariadb", "orders"), ("redis", "orders")]
)
def test_two_roles_take_turns_where_one_has_only_one_password(engine: DatabaseEngine, second: str) -> None:
    users = [urlsplit(url("shop", engine, login(second=turn)).reveal()).username for turn in (False, True)]
    assert users == ["orders", second]


def test_quotes_do_not_leave_their_literal() -> None:
    statements = text("postgres", Login("o'r\"d", Secret("it's"), Secret("root")))
    assert "PASSWORD 'it''s'" in statements
    assert '"o\'r""d"' in statements
    assert "'CREATE ROLE \"o''r\"\"d\"'" in statements


def test_statements_can_be_repeated() -> None:
    statements = text("postgres", login())
    assert statements.count("CREATE") == statements.count("NOT EXISTS") == 3
    init = text("mariadb", login())
    assert init.count("CREATE") == init.count("IF NOT EXISTS")


def test_a_role_of_postgres_is_let_in_when_it_has_a_valid_password() -> None:
    def admitted(one: Login) -> list[str]:
        return [line for line in text("postgres", one).splitlines() if "LOGIN" in line]

    closed, opened = "NOLOGIN NOSUPERUSER PASSWORD NULL;", "LOGIN NOSUPERUSER PASSWORD"
    assert admitted(login("p")) == [f"ALTER ROLE \"orders\" {opened} 'p';", f'ALTER ROLE "orders.2" {closed}']
    assert admitted(login("q", "p", second=True)) == [
        f"ALTER ROLE \"orders\" {opened} 'p';",
        f"ALTER ROLE \"orders.2\" {opened} 'q';",
    ]
    assert admitted(login("q", second=True)) == [
        f'ALTER ROLE "orders" {closed}',
        f"ALTER ROLE \"orders.2\" {opened} 'q';",
    ]


def test_what_the_second_role_makes_belongs_to_the_first() -> None:
    assert "ALTER ROLE \"orders.2\" SET role = 'orders';" in text("postgres", login())


def test_mariadb_and_redis_know_two_passwords_at_once() -> None:
    init, configuration = text("mariadb", login("q", "p")), text("redis", login("q", "p"))
    native = "mysql_native_password USING PASSWORD"
    assert f"ALTER USER 'orders'@'%' IDENTIFIED VIA {native}('q') OR {native}('p');" in init
    assert "user orders on >q >p ~* &* +@all -@admin" in configuration


def test_redis_admits_only_the_service_and_msctl() -> None:
    configuration = text("redis", login())
    users = [line for line in configuration.splitlines() if line.startswith("user ")]
    assert users == [
        "user default off",
        "user _superuser on >r ~* &* +@all",
        "user orders on >p ~* &* +@all -@admin",
    ]
    assert "appendonly yes" in configuration


@pytest.mark.parametrize("engine", ["postgres", "mariadb", "redis"])
def test_another_password_needs_no_other_container(engine: DatabaseEngine) -> None:
    before = container("shop", Database(engine), login("p"), IMAGE)
    after = container("shop", Database(engine), login("q", "p", second=True), IMAGE)
    assert config_hash(before) == config_hash(after)
    assert after.reload_command


@pytest.mark.parametrize("engine", ["postgres", "mariadb", "redis"])
def test_the_superusers_password_is_a_file(engine: DatabaseEngine) -> None:
    spec = container("shop", Database(engine), login(), IMAGE)
    for value in spec.environment.values():
        assert value.startswith("/")
    files = {file.name for file in spec.secrets}
    pointed = {v.rpartition("/")[2] for v in spec.environment.values() if v.startswith("/run/secrets/")}
    assert pointed <= files
    assert spec.mounts[0].target == ENGINES[engine].data
