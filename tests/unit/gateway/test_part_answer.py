"""A part's JSON is passed on as it was written."""

from __future__ import annotations

import json

import pytest

from msctl.gateway.part_answer import NoJson, assemble, read_part


@pytest.mark.parametrize(
    "body", [b"NaN", b"[Infinity]", b"{", b"\xff", b"[" * 3000, b'{"a": NaN}', b"\xef\xbb\xbf1"]
)
def test_what_is_no_json(body: bytes) -> None:
    with pytest.raises(NoJson):
        read_part(body)


def test_not_a_digit_is_lost() -> None:
    text = '{"price": 1234567890123456789.10, "big": 1e999, "id": %s}' % ("7" * 5000)
    part = read_part(f" {text}\r\n".encode())
    assert assemble({"p": part.text, "n": read_part(b"").text}) == b'{"p": ' + text.encode() + b', "n": null}'
    assert isinstance(part.value, dict)
    assert part.value["price"] == "1234567890123456789.10"


def test_names_and_lone_surrogates_stay_json() -> None:
    part = read_part(b'"\\ud800"')
    assert json.loads(assemble({'a"b': part.text})) == {'a"b': "\ud800"}
