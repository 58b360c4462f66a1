"""Malformed, ambiguous and smuggling-style requests, each with the answer that the RFCs require."""

from __future__ import annotations

from dataclasses import dataclass

HOST = b"Host: gateway\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: gateway\r\n\r\n"


@dataclass(frozen=True)
class Case:
    """Raw bytes and the status that must come; ``reaches`` tells whether a request may go upstream."""

    name: str
    raw: bytes
    status: int
    reaches: bool = False


def get(headers: bytes = b"", target: bytes = b"/x", host: bytes = HOST, line_end: bytes = b"\r\n") -> bytes:
    return b"GET " + target + b" HTTP/1.1" + line_end + host + headers + line_end


def post(headers: bytes, body: bytes = b"") -> bytes:
    return b"POST /x HTTP/1.1\r\n" + HOST + headers + b"\r\n" + body


CHUNKED = b"Transfer-Encoding: chunked\r\n"
BOTH = b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"

CASES = [
    # Request line (RFC 9112 3)
    Case("request line without target", b"GET HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    Case("request line without version (HTTP/0.9)", b"GET /x\r\n\r\n", 400),
    Case("two blanks in the request line", b"GET  /x HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    Case("tab in the request line", b"GET\t/x\tHTTP/1.1\r\n" + HOST + b"\r\n", 400),
    Case("trailing blank in the request line", b"GET /x HTTP/1.1 \r\n" + HOST + b"\r\n", 400),
    Case("leading blank", b" GET /x HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    Case("blank inside the target", b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    Case("method that is no token", b"G(T /x HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    Case("method with a NUL", b"G\x00T /x HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    Case("endless method", b"A" * 40 + b" /x HTTP/1.1\r\n" + HOST + b"\r\n", 501),
    Case("lower-case protocol name", b"GET /x http/1.1\r\n" + HOST + b"\r\n", 400),
    Case("version with two digits", b"GET /x HTTP/1.10\r\n" + HOST + b"\r\n", 400),
    Case("version 2.0", b"GET /x HTTP/2.0\r\n" + HOST + b"\r\n", 505),
    Case("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    Case("version 0.9 spelled out", b"GET /x HTTP/0.9\r\n" + HOST + b"\r\n", 505),
    Case("TLS on a plain port", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    Case("two empty lines before the request", b"\r\n\r\n" + get(), 400),
    # Request target (RFC 9112 3.2)
    Case("fragment in the target", get(target=b"/x#y"), 400),
    Case("raw byte above 127 in the target", get(target=b"/\xc3\xa4"), 400),
    Case("control byte in the target", get(target=b"/\x01"), 400),
    Case("relative target", get(target=b"x/y"), 400),
    Case("asterisk for GET", get(target=b"*"), 400),
    Case("authority form for GET", get(target=b"gateway:80"), 400),
    Case("absolute form with another scheme", get(target=b"ftp://gateway/x"), 400),
    Case("absolute form with user information", get(target=b"http://u@gateway/x"), 400),
    Case("absolute form without host", get(target=b"http:///x"), 400),
    Case("CONNECT", b"CONNECT gateway:443 HTTP/1.1\r\n" + HOST + b"\r\n", 501),
    Case("target too long", get(target=b"/" + b"a" * 9000), 414),
    Case("target without end", b"GET /" + b"a" * 20000, 414),
    Case("dot segments", get(target=b"/api/../admin"), 400),
    Case("encoded dot segments", get(target=b"/api/%2e%2E/admin"), 400),
    Case("dot segment before an encoded slash", get(target=b"/api/..%2fadmin"), 400),
    Case("backslash in the path", get(target=b"/api\\..\\admin"), 400),
    Case("encoded backslash around dots", get(target=b"/api/..%5cadmin"), 400),
    Case("encoded NUL", get(target=b"/x%00.png"), 400),
    Case("broken percent-encoding", get(target=b"/x%zz"), 400),
    Case("cut percent-encoding", get(target=b"/x%2"), 400),
    # Host (RFC 9112 3.2)
    Case("no Host", get(host=b""), 400),
    Case("two Hosts", get(host=HOST + HOST), 400),
    Case("two different Hosts", get(host=HOST + b"Host: other\r\n"), 400),
    Case("empty Host", get(host=b"Host:\r\n"), 400),
    Case("Host list", get(host=b"Host: a, b\r\n"), 400),
    Case("Host with user information", get(host=b"Host: u@gateway\r\n"), 400),
    Case("Host with a path", get(host=b"Host: gateway/x\r\n"), 400),
    Case("Host with a bad port", get(host=b"Host: gateway:8a\r\n"), 400),
    # Fields (RFC 9112 5)
    Case("blank before the colon", get(b"X-A : b\r\n"), 400),
    Case("tab before the colon", get(b"X-A\t: b\r\n"), 400),
    Case("folded line", get(b"X-A: b\r\n c\r\n"), 400),
    Case("folded line with a tab", get(b"X-A: b\r\n\tc\r\n"), 400),
    Case("blank before the first header", b"GET /x HTTP/1.1\r\n " + HOST + b"\r\n", 400),
    Case("line without colon", get(b"nonsense\r\n"), 400),
    Case("empty name", get(b": b\r\n"), 400),
    Case("name that is no token", get(b"X(A): b\r\n"), 400),
    Case("name with a raw byte above 127", get(b"X-\xe4: b\r\n"), 400),
    Case("NUL in a value", get(b"X-A: a\x00b\r\n"), 400),
    Case("escape character in a value", get(b"X-A: \x1b[31m\r\n"), 400),
    Case("DEL in a value", get(b"X-A: \x7f\r\n"), 400),
    Case("bare CR in a value", get(b"X-A: a\rX-B: b\r\n"), 400),
    Case("bare LF in a value", get(b"X-A: a\nX-B: b\r\n"), 400),
    Case("bare LF as line end", b"GET /x HTTP/1.1\nHost: gateway\n\n", 400),
    Case("CR CR LF", b"GET /x HTTP/1.1\r\r\n" + HOST + b"\r\n", 400),
    Case("LF before CR", b"GET /x HTTP/1.1\n\r" + HOST + b"\r\n", 400),
    Case("too many fields", get(b"".join(b"X-%d: y\r\n" % n for n in range(200))), 431),
    Case("head too large", get(b"X-A: " + b"a" * 40000 + b"\r\n"), 431),
    Case("head without end", get(b"X-A: " + b"a" * 40000)[:-2], 431),
    # Framing (RFC 9112 6)
    Case("length and chunked", post(BOTH, b"0\r\n\r\n" + SMUGGLED), 400),
    Case("chunked and length", post(CHUNKED + b"Content-Length: 5\r\n", b"0\r\n\r\n" + SMUGGLED), 400),
    Case(
        "two different lengths", post(b"Content-Length: 5\r\nContent-Length: 6\r\n", b"12345" + SMUGGLED), 400
    ),
    Case("the same length twice", post(b"Content-Length: 5\r\nContent-Length: 5\r\n", b"12345"), 400),
    Case("list of lengths", post(b"Content-Length: 5, 5\r\n", b"12345"), 400),
    Case("negative length", post(b"Content-Length: -5\r\n", b"12345"), 400),
    Case("length with a plus", post(b"Content-Length: +5\r\n", b"12345"), 400),
    Case("hexadecimal length", post(b"Content-Length: 0x5\r\n", b"12345"), 400),
    Case("length with an underscore", post(b"Content-Length: 1_0\r\n", b"1234567890"), 400),
    Case("length with a fraction", post(b"Content-Length: 5.0\r\n", b"12345"), 400),
    Case("empty length", post(b"Content-Length:\r\n", b"12345"), 400),
    Case("length beyond 64 bits", post(b"Content-Length: 99999999999999999999\r\n", b"12345"), 400),
    Case("length in other digits", post(b"Content-Length: \xb2\r\n", b"12"), 400),
    Case("folded length", post(b"Content-Length:\r\n 5\r\n", b"12345"), 400),
    Case("chunked not last", post(b"Transfer-Encoding: chunked, gzip\r\n", b"0\r\n\r\n"), 400),
    Case("unknown coding", post(b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"), 501),
    Case("identity", post(b"Transfer-Encoding: identity\r\n"), 400),
    Case("chunked twice", post(b"Transfer-Encoding: chunked, chunked\r\n", b"0\r\n\r\n"), 400),
    Case("chunked twice in two lines", post(CHUNKED + CHUNKED, b"0\r\n\r\n"), 400),
    Case("nearly chunked", post(b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n"), 400),
    Case("quoted chunked", post(b'Transfer-Encoding: "chunked"\r\n', b"0\r\n\r\n"), 400),
    Case("chunked with a vertical tab", post(b"Transfer-Encoding: \x0bchunked\r\n", b"0\r\n\r\n"), 400),
    Case("chunked with a parameter", post(b"Transfer-Encoding: chunked;a=b\r\n", b"0\r\n\r\n"), 400),
    Case("empty coding", post(b"Transfer-Encoding:\r\n"), 400),
    Case("chunked behind a comma", post(b"Transfer-Encoding: , chunked\r\n", b"0\r\n\r\n"), 400),
    Case("blank before the colon of chunked", post(b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n"), 400),
    Case("chunked in HTTP/1.0", b"POST /x HTTP/1.0\r\n" + HOST + CHUNKED + b"\r\n0\r\n\r\n", 400),
    # Chunks (RFC 9112 7); what was read of such a request may have reached the upstream
    Case("chunk size no number", post(CHUNKED, b"x\r\nabc\r\n0\r\n\r\n"), 400, True),
    Case("chunk size negative", post(CHUNKED, b"-1\r\nabc\r\n0\r\n\r\n"), 400, True),
    Case("chunk size with 0x", post(CHUNKED, b"0x3\r\nabc\r\n0\r\n\r\n"), 400, True),
    Case("chunk size with a plus", post(CHUNKED, b"+3\r\nabc\r\n0\r\n\r\n"), 400, True),
    Case("chunk size with an underscore", post(CHUNKED, b"0_3\r\nabc\r\n0\r\n\r\n"), 400, True),
    Case("chunk size beyond 64 bits", post(CHUNKED, b"fffffffffffffffff\r\nabc\r\n0\r\n\r\n"), 400, True),
    Case("empty chunk size", post(CHUNKED, b"\r\nabc\r\n0\r\n\r\n"), 400, True),
    Case("blank behind the chunk size", post(CHUNKED, b"3 \r\nabc\r\n0\r\n\r\n"), 400, True),
    Case("blank before the chunk size", post(CHUNKED, b" 3\r\nabc\r\n0\r\n\r\n"), 400, True),
    Case("chunk size with bare LF", post(CHUNKED, b"3\nabc\r\n0\r\n\r\n"), 400, True),
    Case("chunk longer than its size", post(CHUNKED, b"3\r\nabcd\r\n0\r\n\r\n"), 400, True),
    Case("chunk ends in bare LF", post(CHUNKED, b"3\r\nabc\n0\r\n\r\n"), 400, True),
    Case("bare LF in a chunk extension", post(CHUNKED, b"3;a\nb\r\nabc\r\n0\r\n\r\n"), 400, True),
    Case("endless chunk extension", post(CHUNKED, b"3;" + b"a" * 5000 + b"\r\nabc\r\n0\r\n\r\n"), 400, True),
    Case("malformed trailer", post(CHUNKED, b"3\r\nabc\r\n0\r\nX-A : b\r\n\r\n"), 400, True),
    Case("folded trailer", post(CHUNKED, b"3\r\nabc\r\n0\r\nX-A: b\r\n c\r\n\r\n"), 400, True),
    Case("endless trailer", post(CHUNKED, b"0\r\nX-A: " + b"a" * 40000), 431, True),
    # Expectations and upgrades
    Case("unknown expectation", post(b"Expect: miracles\r\nContent-Length: 1\r\n", b"x"), 417),
    Case(
        "WebSocket with a body",
        get(b"Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n") + b"12345",
        400,
    ),
]
