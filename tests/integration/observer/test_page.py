"""The page in a real browser: what it shows, that strangers' text stays text, whom it lets in."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from msctl.telemetry.loglines.transfer import Source
from tests.integration.observer.consul_double import ConsulDouble, consul_double
from tests.integration.observer.neighbours_double import answering
from tests.integration.observer.observing import ObserverProcess, eventually
from tests.unit.observer.lines import ORDERS, WEB, batch

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]

SWITCHES = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")
HOSTILE = "<img src=x onerror=\"document.title='owned'\">\x1b[31m\u202eevil"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def _service(name: str, **more: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {"replicas": 1, "port": 8000, "database": None, "calls": [], "routed": True}
    usual |= {"publishes": [], "subscribes": [], "hears": []}
    return {"name": name, **usual, **more}


DECLARED = {
    "project": "shop",
    "gateway": "http://127.0.0.1:8080",
    "platform": ["gateway", "broker", "metrics"],
    "services": [
        _service("orders", calls=["web"], publishes=[HOSTILE], database="postgres"),
        _service("web", hears=["orders"], subscribes=["a.*"]),
        _service(HOSTILE),
    ],
}


ANSWERS = {
    "/metrics": (
        'msctl_database_connections{name="orders"} 4.0\nmsctl_database_size_bytes{name="orders"} 41943040.0\n'
        'msctl_queue_messages{name="web",kind="dead"} 1.0\nmsctl_broker_connections 9.0\n'
    ),
    "/-/dead": json.dumps(
        [{"service": "web", "id": HOSTILE, "type": HOSTILE, "cause": HOSTILE, "tries": 4, "body": HOSTILE}]
    ),
    "/api/v1/alerts": json.dumps(
        {
            "data": {
                "alerts": [
                    {
                        "labels": {"alertname": "DeadLetters", "severity": HOSTILE},
                        "state": "firing",
                        "annotations": {"summary": HOSTILE, "next": "msctl events dead web"},
                    }
                ]
            }
        }
    ),
    "/api/v1/query_range": json.dumps({"data": {"result": []}}),
}


def _span(identity: str, parent: str | None, name: str, duration: float) -> str:
    told = {"logger": "msctl.span", "message": name, "trace_id": TRACE, "span_id": identity}
    return json.dumps({**told, "parent_id": parent, "duration_ms": duration, "status": 200})


@pytest.fixture
def consul() -> Iterator[ConsulDouble]:
    with consul_double() as made:
        for name in ("shop-orders-1", "shop-web-1", "shop-gateway", "shop-broker"):
            made.put(name, "passing")
        made.put(f"shop-{HOSTILE}-1", "critical", HOSTILE)
        yield made


@pytest.fixture
def observer(tmp_path: Path, consul: ConsulDouble) -> Iterator[ObserverProcess]:
    with answering(ANSWERS) as neighbours:
        made = ObserverProcess(tmp_path, consul.url, DECLARED, neighbours)
        eventually(lambda: made.stored() == 0, 60)
        _write(made)
        yield made
        made.kill()


def _write(made: ObserverProcess) -> None:
    traced = json.dumps({"level": "error", "message": "disk is full", "trace_id": TRACE})
    made.add(
        [
            batch(WEB, "hello", HOSTILE, traced, _span("b" * 16, "a" * 16, "GET /items", 20)),
            batch(ORDERS, json.dumps({"msg": HOSTILE, HOSTILE: HOSTILE}), _span("a" * 16, None, HOSTILE, 90)),
        ]
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=list(SWITCHES))
        yield made
        made.close()


@pytest.fixture
def trouble() -> list[str]:
    """What went wrong in the page, and requests that left it."""
    return []


@pytest.fixture
def page(browser: Browser, observer: ObserverProcess, trouble: list[str]) -> Iterator[Page]:
    context = browser.new_context()
    made = context.new_page()
    made.on("pageerror", lambda error: trouble.append(str(error)))
    made.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)
    made.on("request", lambda r: None if r.url.startswith((observer.url, "data:")) else trouble.append(r.url))
    made.goto(f"{observer.url}/?ticket={_ticket(observer)}")
    expect(made.locator("#project")).to_have_text("shop")
    yield made
    context.close()


def _ticket(observer: ObserverProcess) -> str:
    return str(observer.ask("/-/tickets", "POST")[0]["ticket"])


def test_it_shows_services_logs_and_history_and_asks_nobody_else(page: Page, trouble: list[str]) -> None:
    expect(page.locator("#verdict")).to_have_text("✗ not healthy")
    expect(page.locator("#service-table tbody tr").nth(1)).to_contain_text("orders")
    expect(page.locator("#graph svg")).to_have_attribute("aria-label", re.compile("orders pass"))
    expect(page.locator("#lines")).to_contain_text("disk is full")
    expect(page.locator("#changes li").first).to_contain_text("shop-")
    assert "?" not in page.url
    assert trouble == []


def test_strangers_text_stays_text(page: Page, trouble: list[str]) -> None:
    expect(page.locator("#lines")).to_contain_text('onerror="document.title')
    expect(page.locator("#trouble")).to_contain_text("<U+202E>evil")
    assert page.locator("img").count() == 0
    assert "owned" not in page.title()
    assert not {"\x1b", "\u202e"} & set(page.locator("body").inner_text())
    assert trouble == []


def test_data_dead_letters_and_alerts_are_shown_as_text(page: Page, trouble: list[str]) -> None:
    expect(page.locator("#data-table tbody tr").first).to_contain_text("40 MiB")
    expect(page.locator("#data-table tbody tr").nth(1)).to_contain_text("rabbitmq")
    expect(page.locator("#alerts li")).to_contain_text("✗ DeadLetters")
    expect(page.locator("#dead summary")).to_contain_text('onerror="document.title')
    page.locator("#dead summary").click()
    expect(page.locator("#dead pre")).to_contain_text("<U+202E>evil")
    assert page.locator("img").count() == 0
    assert trouble == []


def test_a_trace_is_drawn_with_its_log_lines(page: Page, trouble: list[str]) -> None:
    page.locator("#trace-form button").click()
    expect(page.locator("#trace-table tbody tr")).to_have_count(1)
    page.locator("#trace-table button.trace").click()
    expect(page.locator("#waterfall .span")).to_have_count(2)
    expect(page.locator("#waterfall .span").first).to_contain_text('onerror="document.title')
    expect(page.locator("#waterfall .line")).to_contain_text("disk is full")
    expect(page.locator("#waterfall")).to_be_focused()
    assert page.locator("img").count() == 0
    assert trouble == []


def test_health_changes_appear_without_a_reload(page: Page, consul: ConsulDouble) -> None:
    consul.put("shop-web-1", "critical", "connection refused")
    expect(page.locator("#trouble")).to_contain_text("shop-web-1")
    expect(page.locator("#changes li").first).to_contain_text("connection refused")


def test_one_history_of_all_that_happened_appears_as_text(
    page: Page, observer: ObserverProcess, trouble: list[str]
) -> None:
    done = {"time": "2031-01-02T12:00:00Z", "command": f"up {HOSTILE}", "result": "failed", "why": HOSTILE}
    observer.ask("/-/chronicle", "POST", [{**done, "changed": [HOSTILE], "deployment": 7}])
    turned = {"event": "circuit", "subject": f"gateway → {HOSTILE}", "message": "web: circuit closed → open"}
    observer.add([batch(Source("g", "shop-gateway", "gateway"), json.dumps(turned))])
    newest = page.locator("#changes li").first
    expect(newest).to_contain_text("msctl up <img")
    expect(newest).to_contain_text("✗ failed deployment 7")
    page.locator("[name=kind]").select_option("circuit")
    expect(page.locator("#changes li")).to_have_count(1)
    expect(newest).to_contain_text("<U+202E>evil ✗ open")
    page.locator("[name=kind]").select_option("health")
    expect(newest).to_contain_text("shop-")
    assert page.locator("img").count() == 0
    assert "owned" not in page.title()
    assert trouble == []


def test_logs_are_searched_and_followed(page: Page, observer: ObserverProcess) -> None:
    page.locator("[name=words]").fill("disk full")
    page.locator("#log-form button").click()
    expect(page.locator(".entry")).to_have_count(1)
    observer.add([batch(WEB, "another full disk", at=10**7)])
    expect(page.locator(".entry")).to_have_count(2)
    page.locator(".entry button.trace").click()
    expect(page.locator("[name=trace]")).to_have_value(TRACE)
    page.locator("[name=follow]").uncheck()
    page.locator("[name=trace]").fill("")
    page.locator("[name=words]").fill("nothing of the kind")
    page.locator("[name=words]").press("Enter")
    expect(page.locator("#log-state")).to_have_text("nothing found")
    expect(page.locator(".entry")).to_have_count(0)


def test_an_answer_that_was_overtaken_is_not_shown(page: Page) -> None:
    held: list[Route] = []
    slow = re.compile(r"/-/logs\?.*disk")

    def hold(route: Route) -> None:
        held.append(route)

    page.locator("[name=follow]").uncheck()
    page.route(slow, hold)
    page.locator("[name=words]").fill("disk full")
    with page.expect_request(slow):
        page.locator("[name=words]").press("Enter")
    page.locator("[name=words]").fill("nothing of the kind")
    page.locator("[name=words]").press("Enter")
    expect(page.locator("#log-state")).to_have_text("nothing found")
    with page.expect_request_finished(lambda request: slow.search(request.url) is not None):
        for route in held:
            route.continue_()
    assert (
        page.evaluate("new Promise(r => setTimeout(() => r(document.querySelectorAll('.entry').length)))")
        == 0
    )
    expect(page.locator("#log-state")).to_have_text("nothing found")


def test_a_slash_leads_to_the_search(page: Page) -> None:
    page.keyboard.press("/")
    expect(page.locator("[name=words]")).to_be_focused()


@pytest.mark.parametrize("size", [(390, 844), (1280, 900)])
def test_nothing_is_wider_than_the_screen(page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_a_link_is_good_once(browser: Browser, observer: ObserverProcess) -> None:
    address = f"{observer.url}/?ticket={_ticket(observer)}"
    for good in (True, False):
        context = browser.new_context()
        made = context.new_page()
        made.goto(address)
        assert ("msctl dashboard" in made.locator("body").inner_text()) is not good
        context.close()


def test_without_a_ticket_nothing_is_shown(browser: Browser, observer: ObserverProcess) -> None:
    context = browser.new_context()
    answer = context.new_page().goto(observer.url)
    assert answer is not None
    assert answer.status == 401
    context.close()
