"""Statements and configuration that give a service its own database."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msctl.model.desired import ImageFact
from msctl.model.project import Database, DatabaseEngine
from msctl.model.secret import Secret
from msctl.plan.databases import ENGINES, Login, container, url

IMAGE = ImageFact("postgres:17", "id", "official", "17")


@settings(deadline=None)
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_any_password_survives_the_url(password: str) -> None:
    parts = urlsplit(url("shop", "orders", "postgres", Secret(password)).reveal())
    assert unquote(parts.password or "") == password
    assert (parts.hostname, parts.port, parts.path) == ("shop-orders-db", 5432, "/orders")


def test_quotes_do_not_leave_their_literal() -> None:
    login = Login("o'r\"d", Secret("it's"), Secret("root"))
    spec = container("shop", Database("postgres"), login, IMAGE)
    assert spec.provision is not None
    statements = spec.provision.stdin.reveal()
    assert "PASSWORD 'it''s'" in statements
    assert '"o\'r""d"' in statements


def test_statements_can_be_repeated() -> None:
    spec = container("shop", Database("postgres"), Login("orders", Secret("p"), Secret("r")), IMAGE)
    assert spec.provision is not None
    statements = spec.provision.stdin.reveal()
    assert statements.count("CREATE") == statements.count("NOT EXISTS") == 2
    spec = container("shop", Database("mariadb"), Login("orders", Secret("p"), Secret("r")), IMAGE)
    init = next(f.content.reveal() for f in spec.secrets if f.name == "init.sql")
    assert init.count("CREATE") == init.count("IF NOT EXISTS")


def test_redis_admits_only_the_service() -> None:
    spec = container("shop", Database("redis"), Login("orders", Secret("p"), Secret("r")), IMAGE)
    text = next(f.content.reveal() for f in spec.secrets if f.name == "redis.conf")
    assert "user default off" in text
    assert "user orders on >p " in text
    assert "appendonly yes" in text


@pytest.mark.parametrize("engine", ["postgres", "mariadb", "redis"])
def test_the_superusers_password_is_a_file(engine: DatabaseEngine) -> None:
    spec = container("shop", Database(engine), Login("orders", Secret("p"), Secret("r")), IMAGE)
    for value in spec.environment.values():
        assert value.startswith("/")
    files = {file.name for file in spec.secrets}
    pointed = {v.rpartition("/")[2] for v in spec.environment.values() if v.startswith("/run/secrets/")}
    assert pointed <= files
    assert spec.mounts[0].target == ENGINES[engine].data
