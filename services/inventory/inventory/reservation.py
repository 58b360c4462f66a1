"""A reservation: goods held for one order, from its request until it is confirmed or given back.

``held`` becomes ``questioned`` when no order came in time, and ``confirmed`` when it came; ``released`` is
final, whatever events still arrive, so the goods go back once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from msctl.chassis import Problem

State = Literal["held", "questioned", "confirmed", "released"]

HOLD_SECONDS = 10
"""After this the order is asked for; being too short costs an order its placing, never any stock."""

_ORDER = re.compile(r"[0-9a-zA-Z-]{1,64}")
_SKU = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """The goods that an order asks for."""

    order: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Reservation:
    """What is held; ``price`` is that of one in cents."""

    wanted: Wanted
    state: State
    price: int


def parse_wanted(document: Mapping[str, Any]) -> Wanted:
    """The goods in a request's body; a 400 otherwise."""
    order, sku, quantity = document.get("order"), document.get("sku"), document.get("quantity")
    if not isinstance(order, str) or not _ORDER.fullmatch(order):
        raise Problem(400, "invalid-reservation", "'order' is not an order's id")
    if not isinstance(sku, str) or not _SKU.fullmatch(sku):
        raise Problem(400, "invalid-reservation", "'sku' is not an item's key")
    if type(quantity) is not int or not 1 <= quantity <= _MOST:
        raise Problem(400, "invalid-reservation", f"'quantity' is not a whole number from 1 to {_MOST}")
    return Wanted(order, sku, quantity)


def repeated(known: Reservation, wanted: Wanted) -> Reservation:
    """The answer to a second request for one order: the first one's, or a refusal."""
    if known.wanted != wanted:
        raise Problem(422, "reservation-differs", "This order has reserved something else")
    if known.state == "released":
        raise Problem(409, "reservation-released", "The goods of this order were given back")
    return known


def document(reservation: Reservation) -> dict[str, object]:
    """The reservation as its readers see it."""
    wanted = reservation.wanted
    return {
        "order": wanted.order, "sku": wanted.sku, "quantity": wanted.quantity,
        "state": reservation.state, "price": reservation.price,
    }  # fmt: skip
