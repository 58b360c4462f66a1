"""Keys of ``gateway`` and its routes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from msctl.manifest.document import fields as f


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


_After = Annotated[list[f.PartName], BeforeValidator(_one_or_many, json_schema_input_type=str | list[str])]


class PartKeys(f.Keys):
    """One call of an aggregate."""

    call: f.CallLine = f.key(
        description="METHOD service:/path; {name} of the path or {part.field} of a part."
    )
    required: f.Switch = f.key(False, description="Without it the whole answer fails.")
    after: _After = f.key([], description="Parts that must have answered before.")
    timeout: f.Span | None = f.key(None, description="How long it may take; the route's time-out if absent.")
    fallback: f.JsonValue = f.key(None, description="Value that stands in when it fails.")


class CorsKeys(f.Keys):
    """Which pages of other origins may use the route."""

    origins: list[f.Text] = f.key([], description="Origins such as https://shop.example.com, or '*'.")
    methods: list[f.Method] = f.key([], description="Methods allowed; the route's own if empty.")
    headers: list[f.Header] = f.key([], description="Request headers allowed.")
    credentials: f.Switch = f.key(False, description="Whether cookies and Authorization may come along.")
    max_age: f.Duration = f.key("10m", description="How long a browser remembers the answer.")


class HeaderEditsKeys(f.Keys):
    """Headers changed on a message that passes through."""

    set: dict[f.EditedHeader, f.HeaderValue] = f.key({}, description="Headers set, replacing what was there.")
    remove: list[f.EditedHeader] = f.key([], description="Headers removed.")


class RateLimitKeys(f.Keys):
    """How often each client may call."""

    requests: f.Count = f.key(description="Requests allowed in that time.")
    per: f.Span = f.key("1s", description="The time.")
    burst: f.Count | None = f.key(None, description="Requests allowed at once on top.")


class RouteKeys(f.Keys):
    """Requests that match go to one service, two by weight, or several for one answer."""

    path: f.PathTemplate = f.key(description="Template: {name} is one segment, {rest:path} all that follows.")
    service: f.ServiceReference | None = f.key(None, description="Service that answers.")
    services: dict[f.ServiceReference, f.Weight] = f.key({}, description="Services that share, by weight.")
    aggregate: dict[f.PartName, PartKeys] = f.key({}, description="Calls that make up one answer.")
    rewrite: f.RewritePath | None = f.key(None, description="Path that goes upstream; unchanged if absent.")
    methods: list[f.Method] = f.key([], description="Methods that match; all if empty.")
    hosts: list[f.Host] = f.key([], description="Host names that match; all if empty.")
    headers: dict[f.Header, f.HeaderValue] = f.key({}, description="Headers that a request must have.")
    scopes: list[f.Scope] = f.key([], description="Scopes that a token must have.")
    timeout: f.Span = f.key("2s", description="Time for the whole call, retries included.")
    retries: f.Retries = f.key(2, description="Further attempts on another instance.")
    body_limit: f.Size | None = f.key(
        None, description="Largest request body, such as 1MiB; unlimited if absent."
    )
    request_headers: HeaderEditsKeys = f.section(HeaderEditsKeys, description="On the way in.")
    response_headers: HeaderEditsKeys = f.section(HeaderEditsKeys, description="On the way out.")
    cors: CorsKeys | None = f.key(None, description="Which pages of other origins may use it.")
    rate_limit: RateLimitKeys | None = f.key(None, description="How often each client may call.")


class TlsKeys(f.Keys):
    """PEM files, relative to the manifest."""

    certificate: f.Text = f.key(description="File of the certificate chain.")
    key: f.Text = f.key(description="File of its private key.")


class GatewayKeys(f.Keys):
    """The front door."""

    port: f.Port = f.key(8080, description="Port on this machine.")
    bind: f.Address = f.key("127.0.0.1", description="Address that it listens on.")
    url: f.Origin | None = f.key(None, description="Public URL, if it is not http://bind:port.")
    errors: Literal["public", "full"] = f.key("public", description="How much errors tell to outsiders.")
    tls: TlsKeys | None = f.key(None, description="Certificate for HTTPS.")
    routes: list[RouteKeys] = f.key([], description="Which requests go where.")
