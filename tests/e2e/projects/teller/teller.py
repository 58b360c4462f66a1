"""A service that enters its database anew for each request, by the URL that it was started with."""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import asyncmy
import asyncpg
from redis.asyncio import Redis

from msctl.chassis import Request, Service

URL = Path(os.environ["DATABASE_URL_FILE"]).read_text()
PATIENCE = 20
NOTE = "INSERT INTO msctl_inbox (event_key) VALUES ('{}')"
service = Service("teller")


async def postgres() -> None:
    """Enter, write a line, leave."""
    connection = await asyncpg.connect(URL, timeout=PATIENCE)
    await connection.execute(NOTE.format(uuid4()))
    await connection.close()


async def mariadb() -> None:
    """Enter, write a line, leave."""
    place = urlsplit(URL)
    connection = await asyncmy.connect(
        host=place.hostname,
        user=place.username,
        password=unquote(place.password or ""),
        database=place.path[1:],
        autocommit=True,
        connect_timeout=PATIENCE,
    )
    async with connection.cursor() as cursor:
        await cursor.execute(NOTE.format(uuid4()))
    await connection.ensure_closed()


async def redis() -> None:
    """Enter, count, leave."""
    async with Redis.from_url(URL, socket_connect_timeout=PATIENCE) as client:
        await client.incr("visits")


@service.get("/")
async def visit(_: Request) -> object:
    """One visit."""
    await {"postgresql": postgres, "mysql": mariadb, "redis": redis}[urlsplit(URL).scheme]()
    return {"noted": 1}


service.run()
