"""Migrations on real databases: once, together, and never half."""

from __future__ import annotations

import asyncio

import pytest

from msctl.chassis.migrations import Migration
from msctl.chassis.store import MigrationFailed
from tests.integration.chassis.conftest import SQL_ENGINES, Place

pytestmark = [pytest.mark.integration, pytest.mark.parametrize("place", SQL_ENGINES, indirect=True)]

TABLE = Migration("001_table.sql", "CREATE TABLE things (id INT);\nINSERT INTO things VALUES (1);\n")
MORE = Migration("002_more.sql", "INSERT INTO things VALUES (2); INSERT INTO things VALUES (3);")
BROKEN = Migration("003_broken.sql", "INSERT INTO nowhere VALUES (1)")


async def count(place: Place) -> object:
    store = await place.ready_store()
    async with store.transaction() as transaction:
        row = await transaction.fetch_one("SELECT count(*) AS number FROM things")
    return row["number"]


async def test_replicas_that_start_together_migrate_once(place: Place) -> None:
    await asyncio.gather(*(place.store().open([TABLE, MORE]) for _ in range(4)))
    assert await count(place) == 3


async def test_a_later_start_applies_only_what_is_new(place: Place) -> None:
    await place.store().open([TABLE])
    await place.store().open([TABLE, MORE])
    assert await count(place) == 3


async def test_a_failing_migration_names_its_file_and_cause(place: Place) -> None:
    with pytest.raises(MigrationFailed, match=r"003_broken\.sql.*nowhere"):
        await place.store().open([TABLE, BROKEN])


async def test_after_the_failing_one_is_mended_it_goes_on_from_there(place: Place) -> None:
    with pytest.raises(MigrationFailed):
        await place.store().open([TABLE, BROKEN])
    await place.store().open([TABLE, Migration(BROKEN.name, "INSERT INTO things VALUES (9)")])
    assert await count(place) == 2


async def test_an_error_in_a_later_statement_of_a_file_is_no_success(place: Place) -> None:
    late = Migration("001.sql", "CREATE TABLE things (id INT); INSERT INTO nowhere VALUES (1);")
    with pytest.raises(MigrationFailed, match="nowhere"):
        await place.store().open([late])
