"""The adapter against scripted answers, without a socket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from consul import Consul, ConsulException

from msctl.errors import RegistryError
from msctl.registry.client import Registry
from msctl.registry.session import Session


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def scripted(monkeypatch: pytest.MonkeyPatch, answers: Iterator[Any]) -> Registry:
    """A registry whose questions get the next of ``answers``; an exception is raised."""

    def ask(self: Session, what: str, request: object) -> Any:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(Session, "ask", ask)
    time = Time()
    return Registry("127.0.0.1:8500", clock=time.clock, sleep=time.sleep)


def test_an_entry_that_stays_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def stuck() -> Iterator[Any]:
        yield {"a": {}}
        yield True
        for _ in range(10_000):
            yield "1", [{"Node": "registry"}]
            yield "1", {"Services": {"a": {}}}

    monkeypatch.setattr(Registry, "_remove_from_catalog", lambda self, node, entry_id: None)
    with pytest.raises(RegistryError, match=r"still in Consul's catalog: a \(node registry\)"):
        scripted(monkeypatch, stuck()).deregister("a")


def test_an_entry_that_goes_by_itself_meanwhile_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[Any] = [{"a": {}}, RegistryError("Unknown service"), {}, ("1", []), ("1", [])]
    scripted(monkeypatch, iter(answers)).deregister("a")


def test_an_entry_that_the_agent_will_not_give_up_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[Any] = [{"a": {}}, RegistryError("permission denied"), {"a": {}}]
    with pytest.raises(RegistryError, match="permission denied"):
        scripted(monkeypatch, iter(answers)).deregister("a")


def test_the_environment_does_not_reach_consul(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSUL_HTTP_TOKEN", "somebody-else's")
    monkeypatch.setenv("CONSUL_HTTP_ADDR", "https://elsewhere:1")
    monkeypatch.setenv("CONSUL_HTTP_SSL", "true")
    session = Session("http", "127.0.0.1", 8500, "ours", 1.0)
    seen: list[Consul] = []
    session.ask("look", seen.append)
    client = seen[0]
    assert client.token == "ours"
    assert client.http.base_uri == "http://127.0.0.1:8500"
    assert client.http.session.trust_env is False
    session.close()


def test_errors_are_translated() -> None:
    session = Session("http", "127.0.0.1", 8500, None, 1.0)

    def failing(error: Exception) -> Any:
        def request(client: object) -> None:
            raise error

        return request

    with pytest.raises(RegistryError, match="Consul failed to look: 500 No cluster leader"):
        session.ask("look", failing(ConsulException("500 No cluster leader")))
    with pytest.raises(RegistryError, match=r"does not answer at 127\.0\.0\.1:8500"):
        session.ask("look", failing(OSError("reset")))
    session.close()
