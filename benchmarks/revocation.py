"""How soon a revoked token is refused by the gateway and by the instances of a service.

Run: ``python -m benchmarks.revocation [ROUNDS]``. Needs Docker and a quiet machine; seconds are counted from
the return of ``msctl token revoke``.
"""

from __future__ import annotations

import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.bars import show
from tests.e2e.checkout import Checkout
from tests.e2e.inside import inside
from tests.e2e.manifests import copy_shop
from tests.e2e.traffic import get

ROUNDS = 10
_SERVICE = "http://inventory:8000/reservations/none"
_GATEWAY = "/api/orders?limit=1"
_PAUSE = 0.01
_UNTIL_REFUSED = """
    import json, sys, time, urllib.error, urllib.request
    url, token = sys.argv[1:]
    seen, refused_at = [], 0.0
    while seen[-8:] != [401] * 8:
        asked = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
        try:
            urllib.request.urlopen(asked, timeout=10)
            seen.append(200)
        except urllib.error.HTTPError as answer:
            seen.append(answer.code)
        if seen[-1] != 401 or 401 not in seen[-2:-1]:
            refused_at = time.time()
        time.sleep(0.01)
    print(json.dumps([refused_at, seen[0]]))
"""
"""The moment since which all answers are 401; names lead to every instance in turn."""


def main() -> int:
    """Measure and print; 1 if a bar is missed."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    figures: dict[str, list[float]] = {"gateway, s (<= 1)": [], "every instance of a service, s (<= 1)": []}
    with tempfile.TemporaryDirectory() as folder:
        shop = copy_shop(Path(folder) / "shop")
        try:
            shop.msctl("up").good()
            for _ in range(rounds):
                for name, seconds in zip(figures, _round(shop), strict=True):
                    figures[name].append(seconds)
        finally:
            shop.sweep()
    print(f"  {'refused after':<50}{'median':>10}{'least':>10}{'most':>10}")
    late = sum(value > 1.0 for values in figures.values() for value in values)
    return 1 if show({**figures, "later than a second (0)": [float(late)]}) else 0


def _round(shop: Checkout) -> tuple[float, float]:
    outer = shop.msctl("token", "issue").good().stdout.strip()
    inner = (
        shop.msctl("token", "issue", "--service", "orders", "--audience", "inventory").good().stdout.strip()
    )
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(_gateway_refuses, shop, outer)
        second = pool.submit(inside, shop, "payments-1", _UNTIL_REFUSED, _SERVICE, inner)
        time.sleep(1.0)
        _revoke(shop, outer)
        outer_gone = time.time()
        _revoke(shop, inner)
        inner_gone = time.time()
        refused, before = second.result()
        assert before == 404, before
        return max(0.0, first.result() - outer_gone), max(0.0, refused - inner_gone)


def _gateway_refuses(shop: Checkout, token: str) -> float:
    headers = {"Authorization": f"Bearer {token}"}
    assert get(shop.port, _GATEWAY, headers).status == 200
    while get(shop.port, _GATEWAY, headers).status != 401:
        time.sleep(_PAUSE)
    return time.time()


def _revoke(shop: Checkout, token: str) -> None:
    path = shop.folder / "gone"
    path.write_text(token)
    shop.msctl("token", "revoke", str(path)).good()


if __name__ == "__main__":
    sys.exit(main())
