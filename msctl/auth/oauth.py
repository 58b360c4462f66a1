"""The OAuth 2.0 server on Authlib's framework-neutral grants and endpoints."""

from __future__ import annotations

import hmac
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Payload, OAuth2Request
from authlib.oauth2.rfc6749.errors import InvalidClientError, InvalidRequestError, OAuth2Error
from authlib.oauth2.rfc6749.util import extract_basic_authorization

from msctl.auth.authority import Authority
from msctl.auth.members import digest
from msctl.auth.policy import Client

AUTH_METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt")
_INSIDE = "https://auth"
"""Authlib refuses requests that say they came in the clear; TLS ends at the gateway."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the client."""

    status: int
    body: Mapping[str, Any]
    headers: dict[str, str] = field(default_factory=dict)


class KnownClient(ClientMixin):  # type: ignore[misc]
    """A client of the directory, as Authlib asks about it."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def get_client_id(self) -> str:
        """Its name."""
        return self.client.name

    def check_client_secret(self, client_secret: str) -> bool:
        """Compare in constant time; who has no secret never passes."""
        expected = self.client.secret_digest
        return hmac.compare_digest(digest(client_secret), expected or digest("")) and bool(expected)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Every method that the client has the means for, at every endpoint."""
        return method in AUTH_METHODS and endpoint in ("token", "introspection", "revocation")

    def check_grant_type(self, grant_type: str) -> bool:
        """Scopes and audiences decide, not the grant."""
        return bool(grant_type)


class FormPayload(OAuth2Payload):  # type: ignore[misc]
    """The form of a request, each parameter once."""

    def __init__(self, form: Mapping[str, str]) -> None:
        self._form = dict(form)

    @property
    def data(self) -> dict[str, str]:
        """The parameters."""
        return self._form

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        """The same as lists."""
        return defaultdict(list, {name: [value] for name, value in self._form.items()})


class FormRequest(OAuth2Request):  # type: ignore[misc]
    """A POST to one of the endpoints."""

    def __init__(self, path: str, form: Mapping[str, str], headers: Mapping[str, str]) -> None:
        super().__init__("POST", f"{_INSIDE}{path}", headers=headers)
        self.payload = FormPayload(form)

    @property
    def args(self) -> dict[str, str]:
        """Nothing is taken from the query."""
        return {}

    @property
    def form(self) -> dict[str, str]:
        """The parameters."""
        return self.payload.data


class OAuthServer(AuthorizationServer):  # type: ignore[misc]
    """Authlib's server over an ``Authority``."""

    def __init__(self, authority: Authority) -> None:
        super().__init__()
        self.authority = authority

    def query_client(self, client_id: str) -> KnownClient:
        """The client; an unknown one is one whose secret never fits, so that both look alike."""
        client = self.authority.client(client_id)
        return KnownClient(client or Client(client_id, "outside", {}))

    def get_token_grant(self, request: FormRequest) -> Any:
        """The grant that was asked for; to ask for none is not to ask for an unknown one (RFC 6749, 5.2)."""
        if not request.form.get("grant_type"):
            raise InvalidRequestError("'grant_type' is missing")
        return super().get_token_grant(request)

    def create_oauth2_request(self, request: FormRequest) -> FormRequest:
        """Ours already."""
        return request

    def handle_response(self, status: int, body: Mapping[str, Any], headers: list[tuple[str, str]]) -> Answer:
        """Authlib's answer as a value."""
        return Answer(status, body, dict(headers))

    def save_token(self, token: object, request: object) -> None:
        """Tokens carry what they say; nothing is kept."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def answer(self, respond: Callable[[FormRequest], Answer], request: FormRequest) -> Answer:
        """What ``respond`` says, with errors as RFC 6749 wants them."""
        try:
            check_one_method(request)
            check_readable(request)
            found = respond(request)
        except OAuth2Error as error:
            found = self.handle_error_response(request, error)
        return settled(found, basic="Authorization" in request.headers)


def check_one_method(request: FormRequest) -> None:
    """A client proves who it is in one way only (RFC 6749, 2.3)."""
    used = ("Authorization" in request.headers, "client_secret" in request.form)
    if sum((*used, "client_assertion" in request.form)) > 1:
        raise InvalidRequestError("more than one way of client authentication")


def check_readable(request: FormRequest) -> None:
    """Authlib takes a login in Basic for text, which it need not be."""
    try:
        extract_basic_authorization(request.headers)
    except UnicodeDecodeError as exc:
        raise InvalidClientError(description="the login is no text") from exc


def settled(answer: Answer, *, basic: bool) -> Answer:
    """One answer for everybody who is not who he says, and never a word that may be stored."""
    headers = {**answer.headers, "Cache-Control": "no-store"}
    headers.pop("WWW-Authenticate", None)
    if answer.body.get("error") != "invalid_client":
        return Answer(answer.status, answer.body, headers)
    if basic:
        headers["WWW-Authenticate"] = 'Basic realm="msctl"'
    body = {"error": "invalid_client", "error_description": "unknown client, or not its credentials"}
    return Answer(401, body, headers)
