"""The keys of the gateway's document, in the manifest's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msctl.gateway import scalars
from msctl.gateway.aggregate_plan import check_parameters, check_parts, parse_call
from msctl.gateway.config import (
    AuthConfig,
    ConsulConfig,
    ExchangeConfig,
    GatewayConfig,
    TlsConfig,
    UpstreamConfig,
)
from msctl.gateway.reading import Parser, Spot, items, named, plain, record, value
from msctl.gateway.template import check_route, parse_template
from msctl.manifest import names, paths
from msctl.manifest.cors import check_origins
from msctl.manifest.faults import Fault
from msctl.manifest.grammar import window
from msctl.manifest.nodes import Scalar
from msctl.model.project import AggregatePart, Circuit, Cors, HeaderEdits, RateLimit, Route
from msctl.resilience.endpoints import Address


def _one_of(*words: str) -> Parser[str]:
    def parse_word(given: object) -> str:
        if given in words:
            return str(given)
        raise Fault(f"'{given}' is not known here", f"one of {', '.join(words)}")

    return value(parse_word)


def _whole(least: int, most: int = scalars.HUGE) -> Parser[int]:
    return value(scalars.whole(least, most))


def _or_null(parser: Parser[Any]) -> Parser[Any]:
    def read(spot: Spot) -> Any:
        return None if isinstance(spot.node, Scalar) and spot.node.value is None else parser(spot)

    return read


def _or_off(parser: Parser[Any]) -> Parser[Any]:
    """``off`` (or null) means None."""

    def read(spot: Spot) -> Any:
        off = isinstance(spot.node, Scalar) and spot.node.value in ("off", False, None)
        return None if off else parser(spot)

    return read


def _make_circuit(**given: Any) -> Circuit:
    if isinstance(given.get("window"), float) and given.get("window_type") is None:
        given["window_type"] = "time"
    return Circuit(**given)


def _window(given: object) -> int | float:
    """Calls, or time; the orchestrator writes seconds as a number beside ``window_type: time``."""
    if isinstance(given, float):
        return int(given) if given.is_integer() else given
    return window(given)


_seconds = value(scalars.seconds)
_text = value(scalars.text)
_methods = items(value(names.method))
_header_names = items(value(names.header))

_circuit = record(
    _make_circuit,
    {
        "failure_rate": value(scalars.share),
        "slow_rate": value(scalars.share),
        "slow_call": _seconds,
        "window": value(_window),
        "window_type": _one_of("count", "time"),
        "minimum_calls": _whole(1),
        "wait": _seconds,
        "wait_growth": value(scalars.number),
        "wait_max": _or_null(_seconds),
        "wait_jitter": value(scalars.rate),
        "half_open_calls": _whole(1),
    },
)


def _instances(spot: Spot) -> tuple[Address, ...] | None:
    if isinstance(spot.node, Scalar) and spot.node.value == "consul":
        return None
    return items(value(scalars.instance))(spot)


_upstream_fields: dict[str, Parser[Any]] = {
    "instances": _instances,
    "circuit": _or_off(_circuit),
    "balance": _one_of("least_requests", "round_robin", "weighted"),
    "max_concurrent": _or_null(_whole(1)),
    "health": _or_null(value(paths.health_path)),
    "port": _or_null(_whole(1, scalars.HIGHEST_PORT)),
    "host": _or_null(value(scalars.authority)),
}


def _keywords(**given: Any) -> dict[str, Any]:
    return given


_upstream = record(_keywords, _upstream_fields, required=["instances"])


def _services(spot: Spot) -> dict[str, UpstreamConfig]:
    made = named(_upstream, scalars.name)(spot)
    return {service: UpstreamConfig(service, **fields) for service, fields in made.items()}


def _make_part(**given: Any) -> AggregatePart:
    return AggregatePart(name="", has_fallback="fallback" in given, **given)


def _call(given: object) -> str:
    text = scalars.text(given)
    parse_call(text)
    return text


_part = record(
    _make_part,
    {
        "call": value(_call),
        "required": value(scalars.truth),
        "after": items(_text),
        "timeout": _or_null(_seconds),
        "fallback": plain,
    },
    required=["call"],
)


def _aggregate(spot: Spot) -> tuple[AggregatePart, ...]:
    parts = named(_part, names.part)(spot)
    named_parts = tuple(
        AggregatePart(name, p.call, p.required, p.after, p.timeout, p.has_fallback, p.fallback)
        for name, p in parts.items()
    )
    for name, what in check_parts(named_parts):
        spot.along((name,), what)
    return named_parts


def _make_cors(**given: Any) -> Cors:
    cors = Cors(**given)
    check_origins(cors.origins, cors.credentials)
    return cors


_edits = record(
    HeaderEdits,
    {
        "set": named(value(scalars.header_value), names.edited_header),
        "remove": items(value(names.edited_header)),
    },
)

_route_fields: Mapping[str, Parser[Any]] = {
    "path": _text,
    "service": _or_null(value(scalars.name)),
    "services": named(_whole(0)),
    "aggregate": _aggregate,
    "rewrite": _or_null(_text),
    "methods": _methods,
    "hosts": items(value(names.host)),
    "headers": named(value(scalars.header_value), names.header),
    "scopes": items(value(names.scope)),
    "timeout": _seconds,
    "retries": _whole(0, 10),
    "body_limit": _or_null(value(scalars.size)),
    "request_headers": _edits,
    "response_headers": _edits,
    "cors": _or_null(
        record(
            _make_cors,
            {
                "origins": items(_text),
                "methods": _methods,
                "headers": _header_names,
                "credentials": value(scalars.truth),
                "max_age": _seconds,
            },
        )
    ),
    "rate_limit": _or_null(
        record(
            RateLimit,
            {"requests": _whole(1), "per": _seconds, "burst": _or_null(_whole(0))},
            required=["requests"],
        )
    ),
}


def _make_route(**given: Any) -> Route:
    route = Route(**given)
    check_route(route)
    check_parameters(route.aggregate, parse_template(route.path).names)
    return route


_auth = record(
    AuthConfig,
    {
        "issuer": _text,
        "audience": _text,
        "jwks": _text,
        "revoked": _or_null(_text),
        "server": _or_null(value(scalars.name)),
        "exchange": _or_null(
            record(
                ExchangeConfig,
                {"url": _text, "client": _text, "secret_file": _text},
                required=["url", "client", "secret_file"],
            )
        ),
    },
    required=["issuer", "audience", "jwks"],
)

_gateway_fields: dict[str, Parser[Any]] = {
    "listen": value(scalars.listen),
    "admin": _or_null(value(scalars.listen)),
    "admin_digest_file": _or_null(_text),
    "tls": _or_off(record(TlsConfig, {"certificate": _text, "key": _text}, required=["certificate", "key"])),
    "auth": _or_off(_auth),
    "errors": _one_of("public", "full"),
    "project": _or_null(value(names.project)),
    "consul": _or_null(
        record(
            ConsulConfig,
            {"address": value(scalars.url), "token_file": _or_null(_text)},
            required=["address"],
        )
    ),
    "services": _services,
    "routes": items(record(_make_route, _route_fields, required=["path"])),
    "trusted_proxies": items(value(scalars.network)),
    "max_connections": _or_null(_whole(1)),
    "stop_grace": _seconds,
    "access_log": value(scalars.rate),
}

gateway = record(GatewayConfig, _gateway_fields, required=["listen"])

GATEWAY_KEYS = tuple(_gateway_fields)
SERVICE_KEYS = tuple(_upstream_fields)
