"""A call's place in the bulkhead, and whose it is to end."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from msctl.gateway.config import UpstreamConfig
from msctl.gateway.outgoing import Outgoing, Refused
from msctl.gateway.place import Place
from msctl.gateway.request_body import RequestBody
from msctl.gateway.service import Nature, Service
from msctl.gateway.wire.body import decoder

NATURE = Nature(lambda: 0.0, random.Random(1).random, random.getrandbits)
PLAIN = Outgoing("GET", b"", None, False, True, 0, 1.0, 1.0, "/x")


def orders(places: int) -> Service:
    return Service(UpstreamConfig("orders", (), max_concurrent=places), NATURE, lambda *_: None)


def upload() -> Outgoing:
    return replace(PLAIN, method="POST", body=RequestBody(decoder(4, False), lambda _paused: None))


def counts(service: Service) -> tuple[int, int]:
    return service.bulkhead.active, service.bulkhead.lasting


def test_lasting_calls_are_refused_before_the_places_are_out() -> None:
    service = orders(2)
    Place(service, upload()).enter()
    for lasting in (upload(), replace(PLAIN, is_stream=True)):
        with pytest.raises(Refused) as caught:
            Place(service, lasting).enter()
        assert caught.value.trouble.detail == (
            "Service 'orders' is unavailable: 1 uploads and streams are under way; retry in 1 s"
        )
    Place(service, PLAIN).enter()
    with pytest.raises(Refused) as caught:
        Place(service, PLAIN).enter()
    assert "2 calls are under way" in caught.value.trouble.detail
    assert counts(service) == (2, 1)


def test_an_upload_is_an_ordinary_call_from_its_end_on() -> None:
    service = orders(4)
    place = Place(service, upload())
    place.enter()
    place.uploaded()
    place.uploaded()
    assert counts(service) == (1, 0)
    place.leave()
    place.leave()
    assert counts(service) == (0, 0)


def test_a_stream_stays_one() -> None:
    service = orders(4)
    place = Place(service, upload())
    place.enter()
    place.prolong()
    place.prolong()
    place.uploaded()
    assert counts(service) == (1, 1)
    place.leave()
    assert counts(service) == (0, 0)


def test_who_was_refused_gives_nothing_back() -> None:
    service = orders(1)
    first, second = Place(service, PLAIN), Place(service, PLAIN)
    first.enter()
    with pytest.raises(Refused):
        second.enter()
    second.leave()
    assert counts(service) == (1, 0)
