"""Path templates and rewriting."""

from __future__ import annotations

import pytest

from msctl.gateway.template import BadPath, compile_rewrite, parse_template, split_path, values_of
from msctl.manifest.faults import Fault


@pytest.mark.parametrize(
    ("template", "rewrite", "path", "target"),
    [
        ("/api/orders/{rest:path}", "/orders/{rest}", "/api/orders/7/x", "/orders/7/x"),
        ("/api/orders/{rest:path}", "/orders/{rest}", "/api/orders", "/orders"),
        ("/api/orders/{rest:path}", "/orders/{rest}", "/api/orders/", "/orders/"),
        ("/{rest:path}", "/{rest}", "/", "/"),
        ("/api/{rest:path}", "/{rest}", "/api", "/"),
        ("/api/{rest:path}", "/v1?path={rest}", "/api/a/b", "/v1?path=a/b"),
        ("/q/{x}", "/items?id={x}", "/q/5&admin=true", "/items?id=5%26admin%3Dtrue"),
        ("/q/{x}", "/items?id={x}", "/q/a%26b+c", "/items?id=a%26b%2Bc"),
        ("/q/{x}", "/{x}?id=1", "/q/5&a=b", "/5&a=b?id=1"),
        ("/r/{rest:path}", "/{rest}", "/r//evil.example/x", "/evil.example/x"),
        ("/r/{rest:path}", "/{rest}", "/r///", "/"),
        ("/a/{x}/b/{y}", "/{y}-{x}", "/a/1%2F/b/%7E", "/%7E-1%2F"),
    ],
)
def test_rewrite_keeps_raw_bytes(template: str, rewrite: str, path: str, target: str) -> None:
    raw, _ = split_path(path)
    assert compile_rewrite(rewrite, parse_template(template))(raw) == target


@pytest.mark.parametrize(
    "template",
    ["api", "/a b", "/{a}/{a}", "/{rest:path}/x", "/{a}x", "/{", "/{1a}", "/a/../b", "/%zz", "/{a:int}"],
)
def test_bad_templates(template: str) -> None:
    with pytest.raises(Fault):
        parse_template(template)


@pytest.mark.parametrize("rewrite", ["x", "/{nobody}", "/a b", "/{x", "/\r\n", "/#a"])
def test_bad_rewrites(rewrite: str) -> None:
    with pytest.raises(Fault):
        compile_rewrite(rewrite, parse_template("/{x}"))


@pytest.mark.parametrize(
    "path",
    [
        *("/.", "/..", "/a/../b", "/a/./b", "/%2e", "/a/..%2Fb", "/a/%2e%2e%5cb", "/a\\b", "/%00"),
        *("/a/..;/b", "/.;x", "/a/..;x=1/b", "/%2e%2e;/b", "/a/..%3B/b", "/a/..%3bx%2Fb"),
    ],
)
def test_paths_that_servers_read_differently(path: str) -> None:
    with pytest.raises(BadPath):
        split_path(path)


@pytest.mark.parametrize(
    "path",
    ["/...", "/.well-known/x", "/a.b", "/a//b", "/%2F", "/%41", "/a%20b", "/a;..", "/a;x=1/b", "/...;x"],
)
def test_paths_that_are_fine(path: str) -> None:
    split_path(path)


def test_values_are_raw_and_positions_hold() -> None:
    template = parse_template("/a/{x}/{rest:path}")
    raw, _ = split_path("/a/%41/b/c%2F")
    assert values_of(template, raw) == {"x": "%41", "rest": "b/c%2F"}
    assert template.names == {"x", "rest"}
