"""What may be asked for."""

from __future__ import annotations

import pytest

from msctl.errors import UsageError
from msctl.scaffold.order import Order, check


@pytest.mark.parametrize(
    ("order", "word"),
    [
        (Order("Orders"), "NAME"),
        (Order("gateway"), "NAME"),
        (Order("a", publishes=("order.*",)), "--publishes"),
        (Order("a", subscribes=("or der",)), "--subscribes"),
        (Order("a", route="api"), "--route"),
        (Order("a", health="health"), "--health"),
        (Order("a", calls=("a",)), "--calls"),
        (Order("a", calls=("b", "b")), "--calls"),
        (Order("a", publishes=("x", "x")), "--publishes"),
    ],
)
def test_what_the_manifest_would_refuse_is_refused_by_its_option(order: Order, word: str) -> None:
    with pytest.raises(UsageError, match=word) as refused:
        check(order)
    assert refused.value.hint


def test_what_is_right_passes() -> None:
    check(Order("a", "python", "postgres", ("x.y",), ("x.*", "#"), ("b",), "/api/a", None, 80, "/ok"))


@pytest.mark.parametrize(
    ("name", "module"), [("orders", "orders"), ("gift-cards", "gift_cards"), ("3d", "service_3d")]
)
def test_a_name_becomes_a_word_of_a_language(name: str, module: str) -> None:
    assert Order(name).module == module


@pytest.mark.parametrize(
    "name",
    [
        "class",
        "import",
        "email",
        "json",
        "queue",
        "msctl",
        "aiohttp",
        "redis",
        "fastapi",
        "tests",
        "migrations",
    ],
)
def test_no_service_hides_what_python_or_the_chassis_imports(name: str) -> None:
    assert Order(name).module == f"service_{name}"
