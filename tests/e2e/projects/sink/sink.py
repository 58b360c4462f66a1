"""Notes each order once and in its place; now and then it fails, and a negative order always does."""

import os
import random
from pathlib import Path
from typing import Any

from msctl.chassis import Event, Request, Service

service = Service("sink", migrations=Path("migrations"))
UNLUCKY = float(os.environ["UNLUCKY"])
attempts: dict[int, int] = {}


@service.subscribe("order.placed")
async def placed(event: Event, transaction: Any) -> None:
    """The effect; the table takes a second one, so that it would be seen."""
    number = event.data["number"]
    attempts[number] = attempts.get(number, 0) + 1
    await transaction.execute(
        "INSERT INTO effects (number, customer) VALUES ($1, $2)", number, event.order_key or ""
    )
    if number < 0 or random.random() < UNLUCKY:
        raise ValueError("unlucky")


@service.get("/attempts/{number}")
async def tried(request: Request) -> object:
    """How often this instance tried an order."""
    return {"attempts": attempts.get(int(request.parameters["number"]), 0)}


service.run()
