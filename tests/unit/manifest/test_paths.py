"""Path templates and the calls of aggregates."""

from __future__ import annotations

import pytest

from msctl.manifest import paths
from msctl.manifest.faults import Fault


@pytest.mark.parametrize(
    ("text", "parameters", "shape"),
    [
        ("/", (), "/"),
        ("/api/orders", (), "/api/orders"),
        ("/api/orders/", (), "/api/orders/"),
        ("/api/{kind}/{id}", ("kind", "id"), "/api/{}/{}"),
        ("/{rest:path}", ("rest",), "/{:path}"),
        ("/a%20b/~x;v=1", (), "/a%20b/~x;v=1"),
        ("/%41%2f%7Eb", (), "/A%2F~b"),
    ],
)
def test_templates(text: str, parameters: tuple[str, ...], shape: str) -> None:
    assert paths.parse_template(text) == paths.Template(parameters, shape)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("api", "begin it with '/'"), ("", "begin it with '/'"), (None, "such as"), (["/x"], "such as"),
        ("/a//b", "without '//'"), ("/a/../b", "dotted"), ("/a/%2e%2E/b", "dotted"), ("/a?x=1", "no '?'"),
        ("/a#b", "no '?'"),
        ("/a b", "percent-encode"), ("/%zz", "percent-encode"), ("/ä", "percent-encode"),
        ("/{id", "whole segment"),
        ("/x{id}", "whole segment"), ("/{a-b}", "whole segment"), ("/{}", "whole segment"),
        ("/{id:int}", "whole segment"), ("/{rest:path}/x", "takes all that follows"),
        ("/{id}/{id}", "named 'id'"), ("/" + "a" * 3000, "not a path"),
    ],
)  # fmt: skip
def test_no_templates(value: object, said: str) -> None:
    with pytest.raises(Fault) as caught:
        paths.template(value)
    assert said in f"{caught.value.what} {caught.value.hint}"


@pytest.mark.parametrize("text", ["/", "/readyz", "/health?full=1", "/a/b.c"])
def test_health_paths(text: str) -> None:
    assert paths.health_path(text) == text


@pytest.mark.parametrize("value", ["readyz", "//host/x", "/{id}", "/a b", "/ä", "", 3, "http://x/"])
def test_no_health_paths(value: object) -> None:
    with pytest.raises(Fault):
        paths.health_path(value)


def test_rewrites_keep_their_parameters() -> None:
    assert paths.placeholders(paths.rewrite("/orders/{rest}/x-{id}")) == ("rest", "id")


@pytest.mark.parametrize("value", ["orders", "/{rest:path}", "/{", "/}", "/{a b}", "/a b", "/a#b", None])
def test_no_rewrites(value: object) -> None:
    with pytest.raises(Fault):
        paths.rewrite(value)


def test_calls() -> None:
    call = paths.parse_call("GET orders:/orders/{id}?sku={order.sku}")
    assert call == paths.Call("GET", "orders", "/orders/{id}?sku={order.sku}", ("id", "order.sku"))


@pytest.mark.parametrize(
    "value",
    [
        "orders:/x",
        "GET orders",
        "GET orders/x",
        "get orders:/x",
        "FETCH orders:/x",
        "GET  orders:/x",
        "GET orders:/{",
        1,
    ],
)
def test_no_calls(value: object) -> None:
    with pytest.raises(Fault) as caught:
        paths.call(value)
    assert "GET orders:/orders/{id}" in str(caught.value.hint)
