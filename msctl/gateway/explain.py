"""What each problem type means and what to do about it: the data behind ``msctl explain TYPE``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from msctl.telemetry.problem import TYPE_PREFIX


@dataclass(frozen=True, slots=True)
class Explanation:
    """One problem type; ``title`` is the same in every answer of the type."""

    kind: str
    status: int
    title: str
    meaning: str
    remedy: str


_ALL = (
    Explanation(
        "bad-request",
        400,
        "The request is malformed",
        "The request breaks HTTP/1.1 (RFC 9110, 9112), or could be read in two ways. It was not forwarded.",
        "Correct the client or the proxy in front; `detail` names the broken rule.",
    ),
    Explanation(
        "token-missing",
        401,
        "An access token is needed",
        "The route asks for scopes, and the request came without `Authorization: Bearer …`.",
        "`msctl token issue` prints a token; clients get theirs from `/oauth/token`.",
    ),
    Explanation(
        "invalid-token",
        401,
        "The access token is not accepted",
        "The token is malformed, expired, revoked, for another audience, or not from this system's issuer.",
        "`msctl token inspect` and `msctl token verify` say what is wrong with it; get a new one.",
    ),
    Explanation(
        "insufficient-scope",
        403,
        "The access token does not allow this",
        "The token is valid, but lacks a scope that the route asks for; `detail` names it.",
        "Ask for the scope when getting the token; `auth.clients` in the manifest says who may have it.",
    ),
    Explanation(
        "no-route",
        404,
        "No route answers this path",
        "No route of the gateway fits the path, host and headers of the request.",
        "`msctl routes` lists the routes, `msctl routes match METHOD PATH` tells which one would answer.",
    ),
    Explanation(
        "wrong-method",
        405,
        "The route does not take this method",
        "The path belongs to a route that lists other methods; they are in the `Allow` header.",
        "Use one of the methods in `Allow`, or add the method to the route's `methods`.",
    ),
    Explanation(
        "slow-request",
        408,
        "The request took too long to arrive",
        "The client began a request and did not finish its head or body in time.",
        "Look for a stalled client or a lossy network; long uploads are fine while bytes keep coming.",
    ),
    Explanation(
        "body-too-large",
        413,
        "The request body is too large",
        "The body exceeds the route's `body_limit`.",
        "Send less, or raise `body_limit` of the route.",
    ),
    Explanation(
        "target-too-long",
        414,
        "The request target is too long",
        "Path and query together exceed 8 KiB.",
        "Move parameters into the body.",
    ),
    Explanation(
        "expectation-failed",
        417,
        "The expectation is unknown",
        "The `Expect` header asks for something other than `100-continue`.",
        "Leave the header out.",
    ),
    Explanation(
        "rate-limited",
        429,
        "Too many requests",
        "The client exceeded the route's `rate_limit`.",
        "Wait as long as `Retry-After` says, or raise `rate_limit` of the route.",
    ),
    Explanation(
        "head-too-large",
        431,
        "The request headers are too large",
        "The head exceeds 32 KiB or 100 fields.",
        "Send fewer or shorter headers; often it is a cookie that grew.",
    ),
    Explanation(
        "gateway-error",
        500,
        "The gateway failed",
        "A defect of the gateway itself; its log has the trace under the `trace_id`.",
        "`msctl logs gateway`, and report it.",
    ),
    Explanation(
        "not-implemented",
        501,
        "The gateway does not do this",
        "A method, transfer coding or form of request that the gateway does not implement.",
        "Use another method or send the body plainly.",
    ),
    Explanation(
        "bad-answer",
        502,
        "The service gave no valid answer",
        "The service closed the connection without an answer, or its answer breaks HTTP.",
        "`msctl logs SERVICE`: it probably crashed while it answered.",
    ),
    Explanation(
        "part-failed",
        502,
        "A part of the answer could not be had",
        "A call of an aggregate answered with an error or with something other than JSON.",
        "Ask the service of the part directly; `detail` says what it answered.",
    ),
    Explanation(
        "part-skipped",
        502,
        "A part of the answer was not asked for",
        "A call of an aggregate needs a field of an earlier part, and that was missing.",
        "Look at the problem of the earlier part first.",
    ),
    Explanation(
        "circuit-open",
        503,
        "The circuit of the service is open",
        "Too many recent calls to the service failed or were slow, so calls are refused for a while.",
        "Mend the service; the circuit closes by itself. `msctl circuits` shows it, "
        "`msctl circuits reset SERVICE` closes it now.",
    ),
    Explanation(
        "no-instance",
        503,
        "The service has no passing instance",
        "The route and its service are known, but no instance of it passes its health check.",
        "`msctl status` and `msctl logs SERVICE` tell why.",
    ),
    Explanation(
        "unreachable",
        503,
        "The service cannot be reached",
        "No connection to any instance that was tried could be made.",
        "The process behind the address is gone or starting: `msctl status`, `msctl logs SERVICE`.",
    ),
    Explanation(
        "busy",
        503,
        "The service has too many calls under way",
        "As many calls as `max_concurrent` allows are waiting for the service.",
        "Try again shortly; add replicas, or raise `max_concurrent`.",
    ),
    Explanation(
        "too-many-connections",
        503,
        "The gateway has too many connections",
        "The gateway holds as many connections, of clients or to services, as it may.",
        "Reuse connections; raise `max_connections` and the open-file limit.",
    ),
    Explanation(
        "timeout",
        504,
        "The service did not answer in time",
        "The route's `timeout` (or the caller's `X-Timeout-Ms`) passed; what a write did is unknown.",
        "Find out what is slow (`msctl logs SERVICE`), or raise `timeout` of the route.",
    ),
    Explanation(
        "version-unsupported",
        505,
        "The HTTP version is not supported",
        "The request is neither HTTP/1.0 nor HTTP/1.1.",
        "Use HTTP/1.1.",
    ),
    Explanation(
        "auth-unavailable",
        503,
        "Tokens cannot be checked or exchanged now",
        "`auth` did not answer in time. Tokens that were seen before go on working without it.",
        "`msctl status`, then `msctl logs auth`.",
    ),
    Explanation(
        "loop-detected",
        508,
        "The request came around in a circle",
        "The request has passed this gateway before: a route's service leads back to it.",
        "Look at the service's address in the route that answers.",
    ),
)

_ADMIN = (
    Explanation(
        "not-the-operator",
        401,
        "The operator's secret is needed",
        "The admin endpoint was asked to change something without the secret whose digest the gateway holds.",
        "Use `msctl` in the project's folder; for a gateway that runs alone, `--secret-file`.",
    ),
    Explanation(
        "forbidden",
        403,
        "Not from a web page",
        "The admin endpoint was asked by a web page, or under a name that web pages could give it.",
        "Ask by address, by localhost or by the service's plain name, without an `Origin` header.",
    ),
    Explanation(
        "no-endpoint",
        404,
        "There is no such admin endpoint",
        "The admin port knows /-/health, /-/routes, /-/upstreams, /-/circuits, /-/reload and /metrics.",
        "Requests for services go to the public port.",
    ),
    Explanation(
        "no-circuit",
        404,
        "There is no such circuit",
        "The gateway calls no service of this name, or its circuit is off.",
        "`msctl circuits` lists the circuits.",
    ),
    Explanation(
        "wrong-admin-method",
        405,
        "The admin endpoint does not take this method",
        "What changes something takes POST, everything else GET.",
        "Use the method in `Allow`.",
    ),
    Explanation(
        "invalid-document",
        422,
        "The gateway's document is invalid",
        "A reload found mistakes in the document, so the old one stays in force.",
        "`problems` names each mistake with its place; correct them and reload again.",
    ),
)

EXPLANATIONS: Mapping[str, Explanation] = {explanation.kind: explanation for explanation in (*_ALL, *_ADMIN)}

KIND_OF_STATUS: Mapping[int, str] = {
    400: "bad-request",
    408: "slow-request",
    413: "body-too-large",
    414: "target-too-long",
    417: "expectation-failed",
    431: "head-too-large",
    501: "not-implemented",
    502: "bad-answer",
    505: "version-unsupported",
}
"""The problem type of what the wire reader refuses."""


def explain(kind: str) -> Explanation | None:
    """The explanation of a type, given as its short name or whole URN."""
    return EXPLANATIONS.get(kind.removeprefix(TYPE_PREFIX))
