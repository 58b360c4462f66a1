"""Locked doors, tried from inside one service's container: who is in has what that service needs."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.e2e.catalog import entries
from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import containers, docker
from tests.e2e.inside import inside
from tests.e2e.ordering import get
from tests.integration.waiting import eventually

pytestmark = pytest.mark.e2e

_INTRUDER = "orders-1"
_DATABASES = {"payments": 5432, "inventory": 3306, "notifications": 6379}

_CONNECT = """
    import json, socket, sys
    hello = bytes.fromhex("0000000804d2162f") + b"\\r\\nPING\\r\\n"
    found = {}
    for place in json.loads(sys.argv[1]):
        host, port = place
        try:
            with socket.create_connection((host, port), timeout=1.5) as connection:
                connection.sendall(hello)
                answer = connection.recv(4)
                found[f"{host}:{port}"] = "http" if answer == b"HTTP" else "answers" if answer else "closed"
        except OSError as error:
            found[f"{host}:{port}"] = type(error).__name__
    print(json.dumps(found))
"""
"""Every database and broker answers this, and no proxy of a network outside does as they do."""

_KNOCK = """
    import json, socket, sys, time
    places, seconds = json.loads(sys.argv[1]), float(sys.argv[2])
    until, tries, answers = time.monotonic() + seconds, 0, 0
    while time.monotonic() < until:
        for place in places:
            tries += 1
            try:
                with socket.create_connection(place, timeout=0.1) as connection:
                    connection.sendall(bytes.fromhex("0000000804d2162f") + b"\\r\\nPING\\r\\n")
                    answers += connection.recv(4) not in (b"", b"HTTP")
            except OSError:
                pass
    print(json.dumps([tries, answers]))
"""

_RESOLVE = """
    import json, socket, sys
    found = {}
    for name in sys.argv[1:]:
        try:
            found[name] = socket.gethostbyname(name)
        except OSError:
            found[name] = None
    print(json.dumps(found))
"""

_PUBLISH = """
    import asyncio, json, sys
    import aio_pika

    async def publish(exchange_name, key, body="{}"):
        url = open("/run/secrets/amqp_url").read().strip()
        connection = await aio_pika.connect(url)
        async with connection:
            channel = await connection.channel(publisher_confirms=True)
            exchange = await channel.get_exchange(exchange_name, ensure=False)
            try:
                headers = {"CC": ["order.placed"]} if body != "{}" else {}
                message = aio_pika.Message(body.encode(), headers=headers)
                await exchange.publish(message, routing_key=key, timeout=30)
                return "taken"
            except Exception as error:
                return type(error).__name__

    async def consume(queue):
        url = open("/run/secrets/amqp_url").read().strip()
        connection = await aio_pika.connect(url)
        async with connection:
            channel = await connection.channel()
            try:
                found = await channel.get_queue(queue, ensure=False)
                await found.get(fail=False, timeout=5)
                return "given"
            except Exception as error:
                return type(error).__name__

    what, *rest = sys.argv[1:]
    print(json.dumps(asyncio.run({"publish": publish, "consume": consume}[what](*rest))))
"""

_REGISTER = """
    import json, os, sys, urllib.request, urllib.error
    identifier, name, with_token = sys.argv[1:]
    body = json.dumps({"ID": identifier, "Name": name, "Address": "10.9.9.9", "Port": 1}).encode()
    headers = {}
    if with_token == "yes":
        headers["X-Consul-Token"] = open(os.environ["CONSUL_HTTP_TOKEN_FILE"]).read().strip()
    url = os.environ["CONSUL_HTTP_ADDR"] + "/v1/agent/service/register"
    try:
        request = urllib.request.Request(url, body, headers, method="PUT")
        with urllib.request.urlopen(request, timeout=30) as answer:
            print(answer.status)
    except urllib.error.HTTPError as refused:
        print(refused.code)
"""

_PUT = """
    import json, os, sys, urllib.request, urllib.error
    found = {}
    for line in sys.argv[1:]:
        method, url = line.split()
        data = b"{}" if method != "GET" else None
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                found[line] = answer.status
        except urllib.error.HTTPError as refused:
            found[line] = refused.code
        except OSError as error:
            found[line] = type(error).__name__
    print(json.dumps(found))
"""


def _database_addresses(checkout: Checkout) -> dict[str, str]:
    found = containers(checkout.project)
    return {
        service: found[checkout.name(f"{service}-db")]["NetworkSettings"]["Networks"][
            checkout.name(f"{service}-db")
        ]["IPAddress"]
        for service in _DATABASES
    }


def _gateways(checkout: Checkout) -> list[str]:
    """The host itself, as each of the intruder's networks knows it."""
    intruder = containers(checkout.project)[checkout.name(_INTRUDER)]
    return sorted(place["Gateway"] for place in intruder["NetworkSettings"]["Networks"].values())


def test_no_name_leads_to_anothers_database(shop: Checkout) -> None:
    names = [shop.name(f"{service}-db") for service in _DATABASES]
    names += [f"{service}-db" for service in _DATABASES]
    found = inside(shop, _INTRUDER, _RESOLVE, *names, shop.name("orders-db"))
    assert found.pop(shop.name("orders-db"))
    assert set(found.values()) == {None}


def test_no_address_leads_to_anothers_database(shop: Checkout) -> None:
    places = [(address, _DATABASES[service]) for service, address in _database_addresses(shop).items()]
    found = inside(shop, _INTRUDER, _CONNECT, json.dumps(places))
    assert "answers" not in found.values(), found
    own = [(shop.name("orders-db"), 5432)]
    eventually(lambda: list(inside(shop, _INTRUDER, _CONNECT, json.dumps(own)).values()) == ["answers"])


def test_no_address_leads_there_while_the_engine_changes_its_networks(shop: Checkout) -> None:
    """Docker lifts its filters between networks for a moment whenever any network comes or goes."""
    places = [(address, _DATABASES[service]) for service, address in _database_addresses(shop).items()]
    with ThreadPoolExecutor(1) as pool:
        knocking = pool.submit(inside, shop, _INTRUDER, _KNOCK, json.dumps(places), "8")
        while not knocking.done():
            churn = shop.name("churn")
            docker("network", "create", "--label", f"io.msctl.project={shop.project}", churn)
            docker("network", "rm", churn)
    tries, answers = knocking.result()
    assert (tries > 10, answers) == (True, 0)


def test_no_published_port_leads_to_a_database_or_an_admin_endpoint(shop: Checkout) -> None:
    """Databases publish none, and what others publish is the loopback's alone."""
    published = [
        int(place["HostPort"])
        for found in containers(shop.project).values()
        for places in (found["NetworkSettings"]["Ports"] or {}).values()
        for place in places or ()
    ]
    assert published
    hosts = [*_gateways(shop), "host.docker.internal"]
    places = [(host, port) for host in hosts for port in (*published, *_DATABASES.values())]
    found = inside(shop, _INTRUDER, _CONNECT, json.dumps(places))
    assert not {"answers", "http"} & set(found.values()), found
    for name in map("{}-db".format, ("orders", *_DATABASES)):
        assert not containers(shop.project)[shop.name(name)]["NetworkSettings"]["Ports"].get("5432/tcp")


@pytest.mark.parametrize("service", _DATABASES)
def test_anothers_credentials_open_nothing_from_here(shop: Checkout, service: str) -> None:
    """Also whoever has stolen the other's URL stands before a network that is not his."""
    stolen = urlsplit(docker("exec", shop.name(f"{service}-1"), "cat", "/run/secrets/database_url"))
    places = [(stolen.hostname, stolen.port), (_database_addresses(shop)[service], stolen.port)]
    assert "answers" not in inside(shop, _INTRUDER, _CONNECT, json.dumps(places)).values()


def test_ones_own_database_knows_no_other_role(shop: Checkout) -> None:
    own = urlsplit(docker("exec", shop.name(_INTRUDER), "cat", "/run/secrets/database_url"))
    script = """
        import asyncio, json, sys
        import asyncpg
        async def rights(url):
            connection = await asyncpg.connect(url)
            row = await connection.fetchrow(
                "SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user")
            await connection.close()
            return list(row.values())
        print(json.dumps(asyncio.run(rights(sys.argv[1]))))
    """
    assert inside(shop, _INTRUDER, script, own.geturl()) == [False, False, False]


def test_an_undeclared_event_is_not_taken(shop: Checkout) -> None:
    def publish(key: str) -> Any:
        return inside(shop, "payments-1", _PUBLISH, "publish", "events", key)

    assert publish("payment.undeclared") != "taken"
    assert publish("order.placed") != "taken"
    for queue in ("orders", "inventory", "orders.dead"):
        assert inside(shop, "payments-1", _PUBLISH, "consume", queue) != "given"


def test_nobody_speaks_of_what_he_may_not_publish(shop: Checkout) -> None:
    """An event lies about its type, and a copy goes where its publisher may not publish (a CC header)."""
    order = str(uuid.uuid4())
    data = {"order": order, "sku": "WIDGET", "quantity": 1, "customer": "eve", "amount": "1.00"}
    forged = {"specversion": "1.0", "id": order, "source": f"/{shop.project}/orders", "type": "order.placed"}
    body = json.dumps({**forged, "data": data})
    assert inside(shop, "payments-1", _PUBLISH, "publish", "events", "payment.captured", body) == "taken"
    eventually(lambda: _buried_as_lies(shop, order) >= {"payments", "inventory", "orders"}, timeout=90.0)
    shop.msctl("events", "dead", "drop", "--all", "--yes").good()
    assert get(shop, f"/api/payments?order={order}") == []


def _buried_as_lies(checkout: Checkout, event: str) -> set[str]:
    letters = checkout.msctl("events", "dead", "list", "--json").good().json()
    return {one["service"] for one in letters if one["id"] == event and "published as" in one["cause"]}


def test_nobody_registers_anothers_name(shop: Checkout) -> None:
    def register(identifier: str, name: str, token: str = "yes") -> Any:
        return inside(shop, _INTRUDER, _REGISTER, identifier, name, token)

    before = entries(shop.project)
    assert register("evil-1", "payments") == 403
    assert register(shop.name("payments-1"), "orders") == 403
    assert register("evil-2", "new") == 403
    assert register("evil-3", "orders", token="no") == 403
    assert entries(shop.project).keys() == before.keys()


def test_what_administers_is_closed_to_services(shop: Checkout) -> None:
    doors = {
        "PUT http://registry:8500/v1/kv/msctl/auth/changed": 403,
        "GET http://registry:8500/v1/acl/tokens": 403,
        "PUT http://registry:8500/v1/agent/leave": 403,
        "POST http://auth:8081/-/tokens": 401,
        "POST http://auth:8081/-/keys": 401,
        "POST http://auth:8081/-/revocations": 401,
        "GET http://auth:8081/-/published": 401,
        "POST http://gateway:8081/-/circuits/orders/trip": 401,
        "POST http://gateway:8081/-/circuits/orders/reset": 401,
        "POST http://gateway:8081/-/reload": 401,
        "POST http://observer:8081/-/logs": 401,
        "GET http://observer:8081/-/logs": 401,
        "GET http://observer:8081/-/stream": 401,
    }
    assert inside(shop, _INTRUDER, _PUT, *doors) == doors


def test_what_speaks_with_its_like_is_on_loopback(shop: Checkout) -> None:
    """Consul's servers and Erlang's nodes trust whoever can speak with them."""
    consul, erlang = (8300, 8301, 8302, 8502), (4369, 25672, 15672, 15692)
    places = [*(("registry", port) for port in consul), *(("broker", port) for port in erlang)]
    found = inside(shop, _INTRUDER, _CONNECT, json.dumps(places))
    assert set(found.values()) == {"ConnectionRefusedError"}, found


def test_the_engine_is_out_of_reach(shop: Checkout) -> None:
    places = [(host, port) for host in _gateways(shop) for port in (2375, 2376)]
    assert not {"answers", "http"} & set(inside(shop, _INTRUDER, _CONNECT, json.dumps(places)).values())
    mounted = {name: json.dumps(found["Mounts"]) for name, found in containers(shop.project).items()}
    assert {name for name, mounts in mounted.items() if "docker.sock" in mounts} == {shop.name("agent")}


def test_roots_are_read_only_where_nobody_writes(shop: Checkout) -> None:
    roots = {name: found["HostConfig"]["ReadonlyRootfs"] for name, found in containers(shop.project).items()}
    writable = {name for name, read_only in roots.items() if not read_only}
    services = {shop.name(f"{s}-{n}") for s in ("orders", *_DATABASES) for n in (1, 2)}
    assert writable <= services | {shop.name("broker")}
