"""What end-to-end tests share: a shop for tests that leave it as it was, small projects for the others."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.checkout import Checkout
from tests.e2e.manifests import copy_shop, declare, make_small
from tests.e2e.writing import SECRET

_IMAGES_TIMEOUT = 900.0


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The platform's images are there, so that no test waits for them."""
    anywhere = make_small(tmp_path_factory.mktemp("images"))
    anywhere.msctl("images", "get", timeout=_IMAGES_TIMEOUT).good()


@pytest.fixture(scope="session")
def shop(images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """The shop, up and healthy; tests leave it so."""
    checkout = copy_shop(tmp_path_factory.mktemp("shop"))
    try:
        checkout.msctl("up").good()
        yield checkout
    finally:
        checkout.sweep()


@pytest.fixture
def small(images: None, tmp_path: Path) -> Iterator[Checkout]:
    """A small project of the test's own, not yet up."""
    checkout = make_small(tmp_path / "small")
    try:
        yield checkout
    finally:
        checkout.sweep()


@pytest.fixture(scope="module")
def chatty(images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A service that is up; tests only read, and write to its log."""
    checkout = make_small(tmp_path_factory.mktemp("chatty") / "small")
    declare(checkout, {"web": {"environment": {"API_PASSWORD": SECRET}}})
    try:
        checkout.msctl("up").good()
        yield checkout
    finally:
        checkout.sweep()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep the state of the test's project with a failure."""
    report = yield
    if report.when == "call" and report.failed:
        for checkout in _checkouts(item):
            report.sections.extend(checkout.evidence().items())
    return report


def _checkouts(item: pytest.Item) -> list[Checkout]:
    values: dict[str, Any] = getattr(item, "funcargs", {})
    return [value for value in values.values() if isinstance(value, Checkout)]
