"""The address of the client behind proxies that the document trusts."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address

from msctl.gateway.config import Network
from msctl.gateway.wire.fields import Fields


def origin_of(fields: Fields, peer: str, trusted: Sequence[Network]) -> str:
    """The nearest address that no trusted proxy has, else the peer itself."""
    for word in reversed(fields.words(b"x-forwarded-for")):
        seen = without_port(word.decode("latin-1"))
        if not is_among(seen, trusted):
            return seen
    return peer


def without_port(address: str) -> str:
    """``192.0.2.1:80`` and ``[2001:db8::1]:80`` as addresses."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    host, colon, _ = address.partition(":")
    return host if colon and ":" not in address[len(host) + 1 :] else address


def is_among(address: str, networks: Sequence[Network]) -> bool:
    """Whether an address is one of the networks'."""
    try:
        return any(ip_address(address) in network for network in networks)
    except ValueError:
        return False
