"""Which route wins."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from msctl.gateway.match import match_explained
from msctl.gateway.router import Match, Router, WrongMethod
from msctl.model.project import Route


@dataclass
class Asked:
    """What a router looks at."""

    host: str = "shop"
    headers: Mapping[str, str] = field(default_factory=dict)

    def header(self, name: str) -> str | None:
        return self.headers.get(name)


def route(path: str, service: str = "orders", **more: object) -> Route:
    return Route(path, service=service, **more)  # type: ignore[arg-type]


def winner(routes: list[Route], path: str, method: str = "GET", asked: Asked | None = None) -> str | None:
    found = Router(routes).match(path, asked or Asked(), method)
    return found.route.route.service if isinstance(found, Match) else None


ROUTES = [
    route("/{rest:path}", "everything"),
    route("/api/{rest:path}", "api"),
    route("/api/orders", "orders"),
    route("/api/orders/{id}", "order"),
    route("/api/orders/{id}/lines", "lines"),
    route("/api/orders/new", "new"),
    route("/api/{kind}/summary", "summary"),
    route("/api/orders/{rest:path}", "under-orders"),
]


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/", "everything"),
        ("/x/y", "everything"),
        ("/api", "api"),
        ("/api/", "api"),
        ("/api/orders", "orders"),
        ("/api/orders/", "under-orders"),
        ("/api/orders/7", "order"),
        ("/api/orders/new", "new"),
        ("/api/%6Frders/n%65w", "new"),
        ("/api/orders/7/lines", "lines"),
        ("/api/orders/7/others", "under-orders"),
        ("/api/orders/summary", "order"),
        ("/api/stock/summary", "summary"),
        ("/api/stock/other", "api"),
        ("/api//summary", "api"),
    ],
)
def test_the_longest_literal_prefix_wins_in_any_order(path: str, service: str) -> None:
    for seed in range(5):
        shuffled = random.Random(seed).sample(ROUTES, len(ROUTES))
        assert winner(shuffled, path) == service


def test_methods_select_among_routes_of_one_path() -> None:
    routes = [route("/x", "read", methods=("GET",)), route("/x", "write", methods=("POST", "PUT"))]
    assert winner(routes, "/x") == winner(routes, "/x", "HEAD") == "read"
    assert winner(routes, "/x", "PUT") == "write"
    found = Router(routes).match("/x", Asked(), "DELETE")
    assert isinstance(found, WrongMethod)
    assert found.allow == "GET, HEAD, POST, PUT"


def test_a_wrong_method_does_not_fall_through_to_a_wider_route() -> None:
    routes = [route("/{rest:path}", "wide"), route("/x", "narrow", methods=("GET",))]
    assert isinstance(Router(routes).match("/x", Asked(), "POST"), WrongMethod)


def test_trace_and_connect_need_to_be_listed() -> None:
    assert isinstance(Router([route("/x")]).match("/x", Asked(), "TRACE"), WrongMethod)
    assert winner([route("/x", methods=("TRACE",))], "/x", "TRACE") == "orders"


def test_hosts_and_headers() -> None:
    routes = [
        route("/x", "any"),
        route("/x", "wild", hosts=("*.shop.example",)),
        route("/x", "exact", hosts=("a.shop.example",)),
        route("/x", "beta", headers={"X-Beta": "1"}),
        route("/y/z", "elsewhere", hosts=("other",)),
        route("/y/{rest:path}", "here"),
    ]
    assert winner(routes, "/x", asked=Asked("A.Shop.Example:8080")) == "exact"
    assert winner(routes, "/x", asked=Asked("b.shop.example")) == "wild"
    assert winner(routes, "/x", asked=Asked("shop.example")) == "any"
    assert winner(routes, "/x", asked=Asked(headers={"x-beta": "1"})) == "beta"
    assert winner(routes, "/x", asked=Asked(headers={"x-beta": "2"})) == "any"
    assert winner(routes, "/y/z") == "here"


def test_many_routes_are_found_alike() -> None:
    routes = [route(f"/service-{n}/{{id}}/part-{n % 7}", f"s{n}") for n in range(10_000)]
    router = Router(routes)
    for n in (0, 1234, 9999):
        found = router.match(f"/service-{n}/x/part-{n % 7}", Asked(), "GET")
        assert isinstance(found, Match)
        assert found.route.number == n
    assert router.match("/service-1/x/part-2", Asked(), "GET") is None


def test_the_query_joins_a_rewritten_one() -> None:
    found = match_explained([route("/q/{id}", rewrite="/items?id={id}")], "GET", "/q/5?x=1")
    assert found.target == "/items?id=5&x=1"


def test_match_explained() -> None:
    found = match_explained(ROUTES, "GET", "/api/orders/7?x=1")
    assert (found.status, found.target, found.parameters) == (None, "/api/orders/7?x=1", {"id": "7"})
    assert found.route == ROUTES[3]
    assert found.why == "its path has the longest literal prefix of those that fit"
    assert [c.verdict for c in found.considered if c.wins] == ["answers"]
    rewritten = match_explained([route("/a/{rest:path}", rewrite="/b/{rest}")], "GET", "/a/1?q")
    assert (rewritten.target, rewritten.why) == ("/b/1?q", "the only route whose path fits")
    assert match_explained(ROUTES[2:3], "GET", "/nope").status == 404
    wrong = match_explained([route("/x", methods=("GET",))], "POST", "/x")
    assert (wrong.status, wrong.why) == (405, "'/x' fits best, but takes only GET, HEAD")
    assert match_explained(ROUTES, "GET", "/a/../b").status == 400
    host = match_explained([route("/x", hosts=("a",))], "GET", "/x", host="b")
    assert host.considered[0].verdict == "its hosts or headers are not those of the request"
