"""Doors of auth as an aiohttp application: what clients see, and what the platform asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from urllib.parse import parse_qsl

from aiohttp import web
from authlib.oauth2.rfc6749.util import extract_basic_authorization

from msctl.auth.asking import TOKEN_EXCHANGE
from msctl.auth.authority import Authority
from msctl.auth.compact import parse
from msctl.auth.endpoints import Introspection, PrivateKeyJwt, Revocation
from msctl.auth.grants import OwnName, TokenExchange
from msctl.auth.keyring import key_set
from msctl.auth.limits import Limits
from msctl.auth.oauth import AUTH_METHODS, Answer, FormRequest, OAuthServer
from msctl.auth.policy import GATEWAY
from msctl.auth.refusal import TokenRefused
from msctl.auth.trust import REFETCH

FORM = "application/x-www-form-urlencoded"
LARGEST_FORM = 64 * 1024
_MOST_FIELDS = 50
Respond = Callable[[FormRequest], Answer]


class Doors:
    """Handlers over one authority."""

    def __init__(self, authority: Authority, limits: Limits) -> None:
        self._authority = authority
        self._limits = limits
        self._server = OAuthServer(authority)
        self._server.register_client_auth_method("private_key_jwt", PrivateKeyJwt(authority))
        for grant in (OwnName, TokenExchange):
            self._server.register_grant(grant)
        for endpoint in (Introspection, Revocation):
            self._server.register_endpoint(endpoint)

    def application(self) -> web.Application:
        """The application that serves them."""
        application = web.Application(client_max_size=LARGEST_FORM)
        application.add_routes(
            [
                web.post("/oauth/token", self.token),
                web.post("/oauth/introspect", self.introspect),
                web.post("/oauth/revoke", self.revoke),
                web.get("/.well-known/jwks.json", self.keys),
                web.get("/.well-known/oauth-authorization-server", self.metadata),
                web.get("/oauth/revoked", self.revoked),
                web.get("/healthz", self.health),
            ]
        )
        return application

    async def token(self, request: web.Request) -> web.Response:
        """The token endpoint (RFC 6749, 3.2)."""
        return await self._post(request, self._server.create_token_response)

    async def introspect(self, request: web.Request) -> web.Response:
        """RFC 7662."""
        return await self._post(
            request, lambda form: self._server.create_endpoint_response("introspection", form)
        )

    async def revoke(self, request: web.Request) -> web.Response:
        """RFC 7009."""
        return await self._post(
            request, lambda form: self._server.create_endpoint_response("revocation", form)
        )

    async def keys(self, _request: web.Request) -> web.Response:
        """The JWKS."""
        headers = {"Cache-Control": f"public, max-age={REFETCH:.0f}"}
        return web.json_response(key_set(self._authority.keys), headers=headers)

    async def metadata(self, _request: web.Request) -> web.Response:
        """RFC 8414."""
        return web.json_response(metadata(self._authority.directory.issuer))

    async def revoked(self, _request: web.Request) -> web.Response:
        """For gateway and services, which learn from Consul when to ask; no route leads here from outside."""
        return web.json_response(self._authority.revoked(), headers={"Cache-Control": "no-store"})

    async def health(self, _request: web.Request) -> web.Response:
        """Ready once its keys are there, and without them it does not start."""
        return web.json_response({"status": "pass"}, headers={"Cache-Control": "no-store"})

    async def _post(self, request: web.Request, respond: Respond) -> web.Response:
        try:
            form = await _form(request)
        except ValueError as exc:
            body = {"error": "invalid_request", "error_description": str(exc)}
            return _response(Answer(HTTPStatus.BAD_REQUEST, body, {"Cache-Control": "no-store"}))
        asked = FormRequest(request.path, form, request.headers)
        answer = self._server.answer(respond, asked)
        return _response(self._limited(asked, answer, _address(request)))

    def _limited(self, asked: FormRequest, answer: Answer, address: str) -> Answer:
        client = asked.client.get_client_id() if asked.client is not None else None
        if client is not None and answer.status < HTTPStatus.BAD_REQUEST:
            wait = self._limits.served(client, is_gateway=client == GATEWAY)
        elif answer.body.get("error") == "invalid_client":
            wait = self._limits.failed(address, _claimed(asked))
        else:
            wait = 0.0
        if not wait:
            return answer
        headers = {"Cache-Control": "no-store", "Retry-After": str(max(1, round(wait)))}
        body = {"error": "temporarily_unavailable", "error_description": "too many requests"}
        return Answer(HTTPStatus.TOO_MANY_REQUESTS, body, headers)


def metadata(issuer: str) -> dict[str, object]:
    """What RFC 8414 wants to be told."""
    methods = list(AUTH_METHODS)
    algorithms = ["Ed25519", "EdDSA", "ES256", "RS256"]
    found: dict[str, object] = {
        "issuer": issuer,
        "token_endpoint": f"{issuer}/oauth/token",
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "introspection_endpoint": f"{issuer}/oauth/introspect",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "grant_types_supported": ["client_credentials", TOKEN_EXCHANGE],
        "response_types_supported": [],
    }
    for endpoint in ("token", "introspection", "revocation"):
        found[f"{endpoint}_endpoint_auth_methods_supported"] = methods
        found[f"{endpoint}_endpoint_auth_signing_alg_values_supported"] = algorithms
    return found


async def _form(request: web.Request) -> Mapping[str, str]:
    """The form, strictly; raises ValueError with what is wrong."""
    if request.content_type != FORM:
        raise ValueError(f"the body must be {FORM}")
    try:
        text = (await request.read()).decode("utf-8")
        pairs = parse_qsl(
            text,
            keep_blank_values=True,
            strict_parsing=bool(text),
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError as exc:
        raise ValueError("the body is not a form") from exc
    form = dict(pairs)
    if len(form) != len(pairs):
        raise ValueError("a parameter is repeated")
    return form


def _claimed(asked: FormRequest) -> str:
    """Who somebody says he is."""
    name, _ = _basic(asked)
    if name:
        return name
    try:
        claims = parse(asked.form.get("client_assertion", "").encode()).payload
    except TokenRefused:
        claims = {}
    return str(claims.get("sub") or asked.form.get("client_id") or "")


def _basic(asked: FormRequest) -> tuple[str | None, str | None]:
    try:
        found: tuple[str | None, str | None] = extract_basic_authorization(asked.headers)
    except UnicodeDecodeError:
        return None, None
    return found


def _address(request: web.Request) -> str:
    """The client's, as the gateway saw it."""
    return request.headers.get("X-Forwarded-For", request.remote or "")


def _response(answer: Answer) -> web.Response:
    headers = {k: v for k, v in answer.headers.items() if k.lower() != "content-type"}
    return web.json_response(dict(answer.body), status=answer.status, headers=headers)
