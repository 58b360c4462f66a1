"""Endpoints of auth for the operator, who holds the project's folder: issue, revoke, rotate keys."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import web

from msctl.auth.authority import Authority
from msctl.auth.keyring import IssuerKey, key_set, state
from msctl.auth.members import OPERATOR, digest
from msctl.auth.policy import GrantRefused
from msctl.auth.refusal import TokenRefused
from msctl.telemetry.metrics import Tallies, expose, process_registry

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_BEARER = "Bearer "
_OPEN = frozenset({"/-/health", "/metrics"})
_KINDS: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("client", "audience", "scope", "subject", "token"), (str,)),
    "ttl": (int, float),
}


class Administration:
    """Handlers over one authority; every one but health and metrics wants the operator's secret."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self._registry = process_registry()
        self._registry.register(
            Tallies(
                (
                    ("msctl_auth_tokens_issued", "Tokens issued.", lambda: authority.issued),
                    ("msctl_auth_tokens_revoked", "Tokens revoked.", lambda: authority.revocations),
                )
            )
        )

    def application(self) -> web.Application:
        """The application that serves them."""
        application = web.Application(middlewares=[self._operator_only])
        application.add_routes(
            [
                web.get("/-/health", self.health),
                web.get("/metrics", self.metrics),
                web.post("/-/tokens", self.issue),
                web.post("/-/revocations", self.revoke),
                web.get("/-/keys", self.keys),
                web.get("/-/published", self.published),
                web.post("/-/keys", self.rotate),
            ]
        )
        return application

    async def health(self, _request: web.Request) -> web.Response:
        """Alive."""
        return web.json_response({"status": "pass"})

    async def metrics(self, request: web.Request) -> web.Response:
        """What is counted, for Prometheus."""
        body, content_type = expose(self._registry, request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def issue(self, request: web.Request) -> web.Response:
        """A token for a client, which need not be asked; ``subject`` may be anybody."""
        asked = await _asked(request)
        client = self._authority.client(str(asked.get("client") or OPERATOR))
        if client is None:
            raise GrantRefused("invalid_client", f"there is no client '{asked.get('client')}'")
        answer = self._authority.issue(
            client,
            asked.get("audience"),
            asked.get("scope"),
            ttl=asked.get("ttl"),
            subject=asked.get("subject"),
            how="operator",
        )
        return web.json_response(answer, headers={"Cache-Control": "no-store"})

    async def revoke(self, request: web.Request) -> web.Response:
        """Revoke any valid token of ours."""
        identity = self._authority.identity(str((await _asked(request)).get("token")))
        self._authority.revoke(identity)
        return web.json_response({"jti": identity.token_id, "sub": identity.subject})

    async def keys(self, _request: web.Request) -> web.Response:
        """Every published key and its state."""
        return web.json_response([self._view(key) for key in self._authority.keys])

    async def published(self, _request: web.Request) -> web.Response:
        """What whoever verifies has to know."""
        known = {"jwks": key_set(self._authority.keys), "revoked": self._authority.revoked()}
        return web.json_response(known)

    async def rotate(self, _request: web.Request) -> web.Response:
        """Publish a new key."""
        return web.json_response(self._view(self._authority.rotate()))

    def _view(self, key: IssuerKey) -> dict[str, Any]:
        return {
            "kid": key.kid,
            "algorithm": key.algorithm,
            "state": state(key, self._authority.keys, self._authority.clock()),
            "published_at": key.published_at,
            "signs_from": key.signs_from,
        }

    @web.middleware
    async def _operator_only(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path not in _OPEN and not self._is_operator(request):
            return _problem(HTTPStatus.UNAUTHORIZED, "unauthorized", "this is the operator's door")
        try:
            return await handler(request)
        except GrantRefused as exc:
            return _problem(HTTPStatus.BAD_REQUEST, exc.error, exc.description)
        except TokenRefused as exc:
            return _problem(HTTPStatus.BAD_REQUEST, exc.reason, exc.message)

    def _is_operator(self, request: web.Request) -> bool:
        """A page of another site in the operator's browser does not know the secret."""
        given = request.headers.get("Authorization", "")
        operator = self._authority.client(OPERATOR)
        expected = "" if operator is None else operator.secret_digest
        matches = hmac.compare_digest(digest(given.removeprefix(_BEARER)), expected or digest(""))
        return matches and bool(expected) and given.startswith(_BEARER)


async def _asked(request: web.Request) -> dict[str, Any]:
    try:
        asked = await request.json()
    except ValueError as exc:
        raise GrantRefused("invalid_request", "the body is not JSON") from exc
    if not isinstance(asked, dict):
        raise GrantRefused("invalid_request", "the body is not a JSON object")
    for name, kinds in _KINDS.items():
        if name in asked and (not isinstance(asked[name], kinds) or isinstance(asked[name], bool)):
            raise GrantRefused("invalid_request", f"'{name}' has a value of a wrong kind")
    return asked


def _problem(status: int, error: str, description: str) -> web.Response:
    return web.json_response({"error": error, "error_description": description}, status=status)
