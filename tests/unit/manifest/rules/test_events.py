"""Events that nobody publishes or nobody consumes."""

from __future__ import annotations

from collections.abc import Callable

from msctl.manifest.loaded import Loaded

Reader = Callable[..., Loaded]


def test_what_nobody_publishes_or_consumes_is_a_warning(read: Reader) -> None:
    text = """project: x
services:
  orders:
    image: a
    publishes: [order.placed, order.closed]
    subscribes:
      - payment.*
      - pattern: order.placd
  payments:
    image: b
    publishes: [payment.captured]
    subscribes: [order.closed]
"""
    warnings = read(text).warnings
    assert [str(warning) for warning in warnings] == [
        "msctl.yaml:5:17: services.orders.publishes[0]: no service subscribes to 'order.placed', "
        "did you mean 'order.placd'?",
        "msctl.yaml:8:18: services.orders.subscribes[1].pattern: no service publishes 'order.placd', "
        "did you mean 'order.placed'?",
    ]


def test_the_shop_has_no_warnings(read: Reader, manifests: dict[str, str]) -> None:
    assert read(manifests["shop"]).warnings == ()
