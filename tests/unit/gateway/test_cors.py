"""Cross-origin answers."""

from __future__ import annotations

from msctl.gateway.cors import answer_headers, is_preflight, preflight_headers
from msctl.gateway.wire.request import RequestHead, parse_request
from msctl.model.project import Cors

CORS = Cors(origins=("https://a.example",), headers=("X-A",), credentials=True, max_age=60.0)


def preflight(origin: str) -> RequestHead:
    lines = ["OPTIONS /x HTTP/1.1", "Host: g", f"Origin: {origin}", "Access-Control-Request-Method: PUT"]
    return parse_request("\r\n".join(lines).encode())


def test_a_listed_origin_is_let_in() -> None:
    request = preflight("https://a.example")
    assert is_preflight(request)
    assert dict(preflight_headers(CORS, request, ("GET", "PUT"))) == {
        "Vary": "Origin",
        "Access-Control-Allow-Origin": "https://a.example",
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Allow-Methods": "GET, PUT",
        "Access-Control-Allow-Headers": "X-A",
        "Access-Control-Max-Age": "60",
    }


def test_another_origin_is_told_nothing() -> None:
    assert preflight_headers(CORS, preflight("https://evil.example"), ()) == [("Vary", "Origin")]
    assert answer_headers(CORS, None) == [("Vary", "Origin")]


def test_any_origin() -> None:
    assert dict(answer_headers(Cors(origins=("*",)), "https://x"))["Access-Control-Allow-Origin"] == "*"
