"""Rules for entries under services."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from msctl.manifest.loaded import Loaded
from msctl.model.problem import ManifestProblem

Reader = Callable[..., Loaded]
Finder = Callable[..., tuple[ManifestProblem, ...]]


def said(problems: tuple[ManifestProblem, ...]) -> list[str]:
    return [f"{problem.line}:{problem.column} {problem.what}, {problem.hint}" for problem in problems]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("port: 1", "3:3 needs 'build', 'image' or 'external', such as build: services/web"),
        ("image: a\n    build: services/web", "4:5 'build' and 'image' exclude each other, keep one of them"),
        ("image: a\n    calls: [web]", "5:13 a service does not call itself, remove it"),
        ("image: a\n    calls: [ordres]", "5:13 there is no service 'ordres', did you mean 'orders'?"),
        ("image: a\n    calls: {ordres: []}", "5:13 there is no service 'ordres', did you mean 'orders'?"),
        ("image: a\n    calls: [orders, orders]", "5:21 'orders' is listed twice, remove one"),
        (
            "image: a\n    calls: {orders: [a:raed]}",
            "5:22 'orders' has no scope 'a:raed', did you mean 'a:read'?",
        ),
        ("image: a\n    calls: {orders: [x]}", "5:22 'orders' has no scope 'x', it has: a:read"),
        ("image: a\n    subscribes: [a.b, {pattern: a.b}]", "5:33 'a.b' is listed twice, remove one"),
        (
            "image: a\n    event_retries: [1s, 1000ms]",
            "5:20 a wait is listed twice, each wait is a queue of its own",
        ),
        (
            "image: a\n    event_retries: [0.4ms]",
            "5:20 a wait is shorter than a millisecond, a wait such as 500ms or 10s",
        ),
        (
            "image: a\n    event_retries: [1s, 7]",
            "5:25 7 has no unit, did you mean 7s? a duration such as 500ms, 5s or 1m30s",
        ),
        ("image: a\n    environment: {PORT: 1}", "5:19 msctl sets this variable itself, use the key 'port'"),
        (
            "image: a\n    environment: {MSCTL_X: 1}",
            "5:19 msctl sets this variable itself, choose another name",
        ),
        (
            "image: a\n    circuit: {wait_max: 1m}",
            "5:25 has no meaning without 'wait_growth', add wait_growth: 2, or remove it",
        ),
        (
            "external: http://127.0.0.1:8080",
            "4:15 '127.0.0.1' is each container itself, "
            "name this machine as others see it, such as http://192.168.1.10:8080",
        ),
        (
            "external: https://a",
            "4:15 calls to services are not made over TLS, "
            "let a proxy that speaks TLS stand before it, and name that one",
        ),
        ("external: http://[a", "4:15 'http://[a' is not a URL, such as http://legacy.example.com:8080"),
        (
            "external: http://a\n    replicas: 2",
            "5:5 does not apply to an external service, remove it: msctl does not run it",
        ),
    ],
)
def test_one_rule_is_broken(lines: str, expected: str, problems: Finder) -> None:
    text = f"project: x\nservices:\n  web:\n    {lines}\n  orders: {{image: a, scopes: [a:read]}}\n"
    assert said(problems(text)) == [expected]


def test_a_misspelt_build_is_told_once(problems: Finder) -> None:
    text = "project: x\nservices:\n  web:\n    biuld: services/web\n"
    assert said(problems(text)) == ["4:5 unknown key, did you mean 'build'?"]


def test_services_may_call_each_other_in_circles(problems: Finder) -> None:
    text = "project: x\nservices:\n  a: {image: a, calls: [b]}\n  b: {image: b, calls: [a]}\n"
    assert problems(text) == ()


@pytest.mark.parametrize("database", ["ENGINE", "{engine: ENGINE}"])
@pytest.mark.parametrize(
    ("engine", "name"),
    [
        *(("postgres", name) for name in ("postgres", "template0", "template1", "public", "none")),
        *(("mariadb", name) for name in ("root", "mysql", "mariadb", "sys", "test", "healthcheck")),
        *(("mariadb", name) for name in ("information-schema", "performance-schema")),
        ("redis", "default"),
    ],
)
def test_a_service_does_not_bear_a_name_of_its_databases_own(
    engine: str, name: str, database: str, problems: Finder
) -> None:
    text = f"project: x\nservices:\n  {name}: {{image: a, database: {database.replace('ENGINE', engine)}}}\n"
    assert said(problems(text)) == [
        f"3:3 '{name}' cannot be the name of a service with a {engine} database, "
        f"{engine} keeps this name for itself: choose another one, such as {name}-service"
    ]


@pytest.mark.parametrize(
    "rest", ["", ", database: mariadb", ", database: {engine: redis}", ", database: null"]
)
def test_a_name_of_another_engines_own_is_free(rest: str, problems: Finder) -> None:
    assert problems(f"project: x\nservices:\n  postgres: {{image: a{rest}}}\n") == ()


@pytest.mark.parametrize(("service", "valid"), [(53, True), (54, False)])
def test_derived_names_fit_into_63_characters(service: int, valid: bool, problems: Finder) -> None:
    found = problems(f"project: abcde\nservices:\n  {'s' * service}: {{image: a}}\n")
    assert not found if valid else "at most 58 characters together" in str(found[0].hint)


@pytest.mark.parametrize(("length", "valid"), [(54, True), (55, False), (63, False)])
def test_a_project_leaves_room_for_its_roles(length: int, valid: bool, problems: Finder) -> None:
    found = problems(f"project: {'p' * length}\nservices: {{a: {{image: a}}}}\n")
    assert (not found) is valid


def test_a_secret_in_the_environment_is_a_warning(read: Reader) -> None:
    loaded = read("project: x\nservices:\n  a: {image: a, environment: {DB_PASSWORD: pw, TOKEN_FILE: /x}}\n")
    assert [warning.path for warning in loaded.warnings] == ["services.a.environment.DB_PASSWORD"]
