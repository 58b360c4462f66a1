"""Single values of the gateway's document: numbers as the orchestrator writes them, text as people do."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable
from urllib.parse import urlsplit

from msctl.gateway.config import Listen, Network
from msctl.manifest import grammar
from msctl.manifest.faults import Fault, shown
from msctl.resilience.endpoints import Address

HIGHEST_PORT = 65535
HUGE = 2**53
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*\Z")
_AUTHORITY = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?\Z")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\Z")


def text(value: object) -> str:
    """Text that is not empty."""
    if isinstance(value, str) and value:
        return value
    raise Fault(f"{shown(value)} is no text")


def header_value(value: object) -> str:
    """A header's value in visible ASCII; numbers are taken as written."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and _HEADER_VALUE.match(value):
        return value.strip(" \t")
    raise Fault(f"{shown(value)} is no header value")


def token(value: object) -> str:
    """A header name or method."""
    if isinstance(value, str) and _TOKEN.match(value):
        return value
    raise Fault(f"{shown(value)} is no HTTP token")


def name(value: object) -> str:
    """A service's name: letters, digits, dashes."""
    if isinstance(value, str) and _NAME.match(value):
        return value
    raise Fault(f"{shown(value)} is no service name", "letters, digits and dashes, at most 63")


def authority(value: object) -> str:
    """A host, with a port if need be, as it stands in ``Host``."""
    if isinstance(value, str) and _AUTHORITY.match(value):
        return value
    raise Fault(f"{shown(value)} is no host", "such as orders.internal:9001")


def whole(least: int, most: int = HUGE) -> Callable[[object], int]:
    """A parser of whole numbers in a range."""

    def parse(value: object) -> int:
        number = int(value) if isinstance(value, float) and value.is_integer() else value
        if isinstance(number, int) and not isinstance(number, bool) and least <= number <= most:
            return number
        bounds = f"from {least} on" if most == HUGE else f"from {least} to {most}"
        raise Fault(f"{shown(value)} is no whole number {bounds}")

    return parse


def number(value: object) -> float:
    """A finite number that is not negative."""
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0:
        return float(value)
    raise Fault(f"{shown(value)} is no number")


def seconds(value: object) -> float:
    """A duration, or seconds as a number, longer than nothing."""
    length = grammar.duration(value) if isinstance(value, str) else number(value)
    if length <= 0:
        raise Fault(f"{shown(value)} is no time at all", grammar.DURATION_HINT)
    return length


def size(value: object) -> int:
    """A size, or bytes as a whole number."""
    return grammar.size(value) if isinstance(value, str) else int(number(value))


def rate(value: object) -> float:
    """A rate in percent, or a ratio between 0 and 1."""
    ratio = grammar.rate(value) if isinstance(value, str) else number(value)
    if ratio > 1:
        raise Fault(f"{shown(value)} is more than 100%", grammar.RATE_HINT)
    return ratio


def share(value: object) -> float:
    """A rate that is more than nothing."""
    ratio = rate(value)
    return ratio if ratio else grammar.share("0%")


def truth(value: object) -> bool:
    """true or false."""
    if isinstance(value, bool):
        return value
    raise Fault(f"{shown(value)} is neither true nor false")


def listen(value: object) -> Listen:
    """``host:port``, IPv6 in brackets."""
    return Listen(*_host_and_port(value, lowest=0))


def instance(value: object) -> Address:
    """``host:port`` of one instance, also written ``http://host:port``."""
    host, port = _host_and_port(value.removeprefix("http://") if isinstance(value, str) else value, lowest=1)
    return Address(f"{host}:{port}", host, port)


def network(value: object) -> Network:
    """An address or a network in CIDR form."""
    try:
        return ipaddress.ip_network(str(value), strict=False)
    except ValueError as exc:
        raise Fault(f"{shown(value)} is no network", "such as 10.0.0.0/8") from exc


def url(value: object) -> str:
    """Consul's base URL; ``host:port`` means http."""
    given = text(value)
    return grammar.origin(given if "://" in given else f"http://{given}")


def _host_and_port(value: object, lowest: int) -> tuple[str, int]:
    hint = "such as 127.0.0.1:8080"
    try:
        parts = urlsplit(f"//{text(value)}")
        host, port = parts.hostname, parts.port
    except ValueError as exc:
        raise Fault(f"{shown(value)} is no address", hint) from exc
    if not host or port is None or not lowest <= port <= HIGHEST_PORT or parts.path or parts.username:
        raise Fault(f"{shown(value)} is no address", hint)
    return host, port
