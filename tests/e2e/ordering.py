"""The shop as its clients use it, through the gateway, and what its databases must say at rest."""

from __future__ import annotations

import json
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from tests.e2e.checkout import Checkout
from tests.e2e.databases import mariadb, postgres
from tests.integration.waiting import eventually

SEEDED = 1_000_000
"""Stock of each item of a new shop."""

DECLINED = "declined@example.com"
"""The customer whose payments are always declined."""

_TIMEOUT = 30.0
_OUTBOX = "SELECT count(*) FROM msctl_outbox"


def get(checkout: Checkout, path: str) -> Any:
    """The gateway's answer to a GET."""
    request = Request(f"{checkout.url}{path}", headers={"Authorization": f"Bearer {token(checkout)}"})
    with urlopen(request, timeout=_TIMEOUT) as answer:
        return json.load(answer)


@cache
def token(checkout: Checkout) -> str:
    """The operator's token for a checkout's gateway, for as long as a test may take."""
    return checkout.msctl("token", "issue", "--ttl", "12h").good().stdout.strip()


def place(checkout: Checkout, customer: str, sku: str = "WIDGET", quantity: int = 1) -> str:
    """Place an order and return its id; 503 is the gateway's word that nobody was asked for it."""
    return eventually(lambda: _place(checkout, customer, sku, quantity))


def _place(checkout: Checkout, customer: str, sku: str, quantity: int) -> str:
    """Its id, nothing while the shop is closed."""
    wanted = {"sku": sku, "quantity": quantity, "customer": customer}
    request = Request(
        f"{checkout.url}/api/orders",
        data=json.dumps(wanted).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {token(checkout)}"},
        method="POST",
    )
    try:
        with urlopen(request, timeout=_TIMEOUT) as answer:
            return str(json.load(answer)["id"])
    except HTTPError as refused:
        if refused.code == HTTPStatus.SERVICE_UNAVAILABLE:
            return ""
        raise


def placed(checkout: Checkout, customer: str) -> bool:
    """Whether the shop took an order, in a storm in which it may refuse."""
    try:
        return bool(_place(checkout, customer, "WIDGET", 1))
    except (URLError, ConnectionError, TimeoutError):
        return False


def status_of(checkout: Checkout, order: str) -> str:
    """The order's status in PostgreSQL."""
    return postgres(checkout, "orders", f"SELECT status FROM orders WHERE id = '{order}'")


def reservation_of(checkout: Checkout, order: str) -> str:
    """The state of the order's goods in MariaDB."""
    return mariadb(checkout, "inventory", f"SELECT state FROM reservations WHERE order_id = '{order}'")


def at_rest(checkout: Checkout) -> bool:
    """Whether nothing is under way any more in any of the shop's databases."""
    waiting = (
        postgres(checkout, "orders", f"SELECT ({_OUTBOX}) + count(*) FROM orders WHERE status = 'pending'"),
        postgres(checkout, "payments", _OUTBOX),
        mariadb(checkout, "inventory", f"SELECT ({_OUTBOX}) + ({_UNSETTLED})"),
    )
    return all(count == "0" for count in waiting)


_UNSETTLED = "SELECT count(*) FROM reservations WHERE state IN ('held', 'questioned')"


def stock(checkout: Checkout, sku: str) -> int:
    """Goods on the shelf, as MariaDB has them."""
    return int(mariadb(checkout, "inventory", f"SELECT stock FROM items WHERE sku = '{sku}'"))


def sold(checkout: Checkout, sku: str) -> int:
    """Goods in paid orders, as PostgreSQL has them."""
    sql = f"SELECT coalesce(sum(quantity), 0) FROM orders WHERE status = 'paid' AND sku = '{sku}'"
    return int(postgres(checkout, "orders", sql))
