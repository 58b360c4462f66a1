"""Subnets that are free, and host numbers in them."""

from __future__ import annotations

import ipaddress
from itertools import islice

from hypothesis import given, settings
from hypothesis import strategies as st

from msctl.plan.addresses import (
    FIRST_INSTANCE,
    ROLE_HOSTS,
    address,
    candidate_subnets,
    free_hosts,
    host_number,
)

NETWORKS = st.builds(
    lambda base, length: str(ipaddress.ip_network((base, length), strict=False)),
    st.integers(0, 2**32 - 1),
    st.integers(8, 30),
)


@settings(deadline=None)
@given(st.lists(NETWORKS, max_size=5))
def test_candidates_overlap_nothing_in_use(taken: list[str]) -> None:
    for candidate in islice(candidate_subnets(taken), 5):
        assert not any(ipaddress.ip_network(candidate).overlaps(ipaddress.ip_network(t)) for t in taken)


def test_candidates_come_in_order_and_end() -> None:
    found = list(candidate_subnets(["10.192.0.0/16", "fd00::/8"]))
    assert found[0] == "10.193.0.0/22"
    assert found == sorted(set(found), key=ipaddress.ip_network)
    assert list(candidate_subnets(["10.0.0.0/8"])) == []


@settings(deadline=None)
@given(st.integers(1, 1022))
def test_host_number_is_the_inverse_of_address(host: int) -> None:
    assert host_number("10.192.4.0/22", address("10.192.4.0/22", host)) == host


def test_free_hosts_leave_room_for_the_platform_and_what_is_used() -> None:
    assert list(islice(free_hosts([FIRST_INSTANCE, FIRST_INSTANCE + 2]), 2)) == [17, 19]
    assert max(ROLE_HOSTS.values()) < FIRST_INSTANCE


def test_free_hosts_stay_inside_the_subnet() -> None:
    last = list(free_hosts([]))[-1]
    subnet = ipaddress.IPv4Network("10.192.0.0/22")
    assert ipaddress.IPv4Address(address(str(subnet), last)) < subnet.broadcast_address
