"""Who is let in to the observer, and what it answers to whom."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from msctl.observer.doors import COOKIE, SESSION_SECONDS, TICKET_SECONDS, Doors, is_plain_host
from msctl.observer.history import History
from msctl.observer.live import Topology
from msctl.observer.process import Settings, application
from msctl.observer.store import LogStore
from msctl.observer.watching import HealthWatch
from msctl.telemetry.loglines.transfer import encode
from tests.unit.observer.lines import WEB, batch

TOKEN = "the-token-of-this-test"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def url(tmp_path: Path, clock: Clock) -> AsyncIterator[str]:
    store, history = LogStore(tmp_path / "logs", 2**20), History(tmp_path / "history.sqlite")
    client = aiohttp.ClientSession()
    topology = Topology(tmp_path / "none.json")
    watch = HealthWatch(client, "http://127.0.0.1:9", history, topology.is_ours)
    settings = Settings(0, TOKEN, tmp_path, 2**20)
    runner = web.AppRunner(application(settings, store, history, client, topology, watch, clock))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()
    await client.close()
    store.close()
    history.close()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as made:
        yield made


async def ask(session: aiohttp.ClientSession, method: str, url: str, **more: Any) -> tuple[int, str]:
    async with session.request(method, url, **more) as response:
        return response.status, await response.text()


def test_a_ticket_is_good_once_and_soon() -> None:
    clock, drawn = Clock(), count(1)
    doors = Doors(TOKEN, clock, lambda: f"drawn-{next(drawn)}")
    ticket = doors.ticket()
    session = doors.enter(ticket)
    assert doors.has_session(session)
    assert doors.enter(ticket) is None
    late = doors.ticket()
    clock.now += TICKET_SECONDS
    assert doors.enter(late) is None
    clock.now += SESSION_SECONDS
    assert not doors.has_session(session)
    assert not doors.has_session(None)


@pytest.mark.parametrize(
    ("host", "plain"),
    [("127.0.0.1:80", True), ("localhost:80", True), ("observer", True), ("[::1]:80", True),
     ("evil.example:80", False), ("1.2.3.4.evil.example", False)],
)  # fmt: skip
def test_names_of_the_web_are_not_plain(host: str, plain: bool) -> None:
    assert is_plain_host(host) is plain


async def test_strangers_are_refused(url: str, session: aiohttp.ClientSession) -> None:
    for method, path in (("GET", "/-/logs"), ("POST", "/-/logs"), ("GET", "/-/logs/reach")):
        assert (await ask(session, method, url + path))[0] == 401
        wrong = {"Authorization": "Bearer wrong"}
        assert (await ask(session, method, url + path, headers=wrong))[0] == 401
    assert (await ask(session, "GET", f"{url}/-/health"))[0] == 200
    assert (await ask(session, "GET", f"{url}/metrics"))[0] == 200


async def test_a_name_of_the_web_that_leads_here_is_refused(url: str, session: aiohttp.ClientSession) -> None:
    headers = {**BEARER, "Host": "rebound.example"}
    assert (await ask(session, "GET", f"{url}/-/logs", headers=headers))[0] == 403


async def test_lines_go_in_and_come_out(url: str, session: aiohttp.ClientSession) -> None:
    body = json.dumps(encode([batch(WEB, "one", "two")]))
    assert await ask(session, "POST", f"{url}/-/logs", data=body, headers=BEARER) == (200, '{"stored": 2}')
    assert (await ask(session, "POST", f"{url}/-/logs", data=body, headers=BEARER))[1] == '{"stored": 0}'
    _, found = await ask(session, "GET", f"{url}/-/logs?name=web&words=tw", headers=BEARER)
    (line,) = map(json.loads, found.splitlines())
    assert (line["text"], line["container"], line["id"]) == ("two", "shop-web-1", 2)
    _, reach = await ask(session, "GET", f"{url}/-/logs/reach", headers=BEARER)
    assert json.loads(reach)["last"] == 2
    assert (await ask(session, "POST", f"{url}/-/logs/living", data="[]", headers=BEARER))[0] == 200
    assert json.loads((await ask(session, "GET", f"{url}/-/logs/reach", headers=BEARER))[1])["reach"] == []
    services = await ask(session, "GET", f"{url}/-/logs/services", headers=BEARER)
    assert json.loads(services[1]) == {"web": ["shop-web-1"]}


@pytest.mark.parametrize(
    "body", ["", "[1]", '[{"source": [1]}]', '[{"source": ["a","b","c",null],"lines":[[1]]}]']
)
async def test_what_is_no_batch_is_400(url: str, session: aiohttp.ClientSession, body: str) -> None:
    assert (await ask(session, "POST", f"{url}/-/logs", data=body, headers=BEARER))[0] == 400


@pytest.mark.parametrize(
    "query", ["since=yesterday", "since=2026-01-01T00:00:00", "level=loud", "words=/(/", "newest=x"]
)
async def test_nonsense_is_400(url: str, session: aiohttp.ClientSession, query: str) -> None:
    assert (await ask(session, "GET", f"{url}/-/logs?{query}", headers=BEARER))[0] == 400


async def test_a_session_may_read_and_not_write(
    url: str, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Doors, "has_session", lambda _self, cookie: cookie == "good")
    cookie = {"Cookie": f"{COOKIE}=good"}
    assert (await ask(session, "GET", f"{url}/-/logs/reach", headers=cookie))[0] == 200
    assert (await ask(session, "POST", f"{url}/-/logs", headers=cookie))[0] == 401


async def test_the_page_is_for_whoever_came_with_a_ticket(url: str, session: aiohttp.ClientSession) -> None:
    assert (await ask(session, "GET", url))[0] == 401
    assert (await ask(session, "POST", f"{url}/-/tickets"))[0] == 401
    _, answer = await ask(session, "POST", f"{url}/-/tickets", headers=BEARER)
    entering = f"{url}/?ticket={json.loads(answer)['ticket']}"
    async with session.get(entering, allow_redirects=False) as entered:
        assert (entered.status, entered.headers["Location"]) == (303, "/")
        cookie = entered.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert (await ask(session, "GET", entering))[0] == 401
    shown = {"Cookie": cookie.partition(";")[0]}
    async with session.get(url, headers=shown) as page:
        assert page.status == 200
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    for name, status in (("app.js", 200), ("style.css", 200), ("graph.js", 200), ("nothing.js", 404)):
        assert (await ask(session, "GET", f"{url}/page/{name}", headers=shown))[0] == status


async def test_the_overview_of_nothing_is_empty(url: str, session: aiohttp.ClientSession) -> None:
    status, found = await ask(session, "GET", f"{url}/-/overview", headers=BEARER)
    assert (status, json.loads(found)["services"], json.loads(found)["healthy"]) == (200, [], False)
    assert await ask(session, "GET", f"{url}/-/history", headers=BEARER) == (200, "[]")


async def test_who_shows_the_token_tells_what_was_done(url: str, session: aiohttp.ClientSession) -> None:
    place = f"{url}/-/chronicle"
    done = {"time": "2026-01-02T12:00:00Z", "command": "up", "result": "done", "kind": "command"}
    assert await ask(session, "POST", place, headers=BEARER, json=[done, done]) == (200, '{"new": 1}')
    status, found = await ask(session, "GET", f"{place}?kind=command&count=9", headers=BEARER)
    assert (status, [entry["command"] for entry in json.loads(found)]) == (200, ["up"])
    assert (await ask(session, "GET", f"{place}?kind=other", headers=BEARER))[0] == 400
    for wrong in (7, [7], [{**done, "kind": "health"}], [{**done, "time": "noon"}]):
        assert (await ask(session, "POST", place, headers=BEARER, json=wrong))[0] == 400
    assert (await ask(session, "POST", place, headers=BEARER, data=b"{"))[0] == 400
    _, overview = await ask(session, "GET", f"{url}/-/overview", headers=BEARER)
    assert json.loads(overview)["history"] == 1


async def test_a_browsers_session_cannot_tell_anything(url: str, session: aiohttp.ClientSession) -> None:
    _, answer = await ask(session, "POST", f"{url}/-/tickets", headers=BEARER)
    entering = f"{url}/?ticket={json.loads(answer)['ticket']}"
    async with session.get(entering, allow_redirects=False) as entered:
        shown = {"Cookie": entered.headers["Set-Cookie"].partition(";")[0]}
    assert (await ask(session, "GET", f"{url}/-/chronicle", headers=shown))[0] == 200
    assert (await ask(session, "POST", f"{url}/-/chronicle", headers=shown, json=[]))[0] == 401
