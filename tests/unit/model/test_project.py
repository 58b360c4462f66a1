"""What the declared system says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from msctl.model.project import Gateway, Project, Service, Subscription, Tls

TLS = Tls(Path("shop.pem"), Path("shop.key"))


@pytest.mark.parametrize(
    ("gateway", "url"),
    [
        (Gateway(), "http://127.0.0.1:8080"),
        (Gateway(port=80, bind="0.0.0.0"), "http://127.0.0.1:80"),
        (Gateway(bind="::"), "http://127.0.0.1:8080"),
        (Gateway(bind="::1"), "http://[::1]:8080"),
        (Gateway(bind="192.0.2.1", tls=TLS), "https://192.0.2.1:8080"),
        (Gateway(url="https://shop.example/"), "https://shop.example"),
    ],
)
def test_clients_reach_the_gateway_at_its_public_url(gateway: Gateway, url: str) -> None:
    assert gateway.public_url == url


@pytest.mark.parametrize(
    ("service", "used"),
    [
        (Service("web"), False),
        (Service("web", publishes=("a.b",)), True),
        (Service("web", subscribes=(Subscription("a.*"),)), True),
    ],
)
def test_the_broker_is_used_once_somebody_publishes_or_subscribes(service: Service, used: bool) -> None:
    assert Project("shop", Path("/shop"), "r", {"web": service}).uses_broker is used
