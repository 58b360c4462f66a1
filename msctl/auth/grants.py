"""Grants of the token endpoint: client credentials by Authlib, token exchange (RFC 8693) by us."""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc6749.errors import InvalidRequestError, OAuth2Error
from authlib.oauth2.rfc6749.grants import BaseGrant, ClientCredentialsGrant, TokenEndpointMixin

from msctl.auth.asking import ACCESS_TOKEN, TOKEN_EXCHANGE
from msctl.auth.oauth import AUTH_METHODS
from msctl.auth.policy import GrantRefused

JWT = "urn:ietf:params:oauth:token-type:jwt"

_Response = tuple[int, dict[str, Any], list[tuple[str, str]]]


class OwnName(ClientCredentialsGrant):  # type: ignore[misc]
    """A client asks in its own name, for one audience (``audience``, or RFC 8707's ``resource``)."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def create_token_response(self) -> _Response:
        """The token, as far as the client's policy goes."""
        form = self.request.form
        try:
            token = self.server.authority.issue(
                self.request.client.client, wanted_audience(form), form.get("scope")
            )
        except GrantRefused as exc:
            raise refused(exc) from exc
        return 200, token, self.TOKEN_RESPONSE_HEADER


class TokenExchange(BaseGrant, TokenEndpointMixin):  # type: ignore[misc]
    """A client acts for the subject of a token that was meant for it."""

    GRANT_TYPE = TOKEN_EXCHANGE
    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def validate_token_request(self) -> None:
        """The client, and a subject token of a kind that we know."""
        self.request.client = self.authenticate_token_endpoint_client()
        form = self.request.form
        if not form.get("subject_token"):
            raise InvalidRequestError("'subject_token' is missing")
        if form.get("subject_token_type") not in (ACCESS_TOKEN, JWT):
            raise InvalidRequestError("'subject_token_type' must be an access token")
        if form.get("requested_token_type", ACCESS_TOKEN) not in (ACCESS_TOKEN, JWT):
            raise InvalidRequestError("'requested_token_type' must be an access token")
        if "actor_token" in form or "actor_token_type" in form:
            raise InvalidRequestError("the authenticated client is the actor; 'actor_token' is not taken")

    def create_token_response(self) -> _Response:
        """The exchanged token."""
        form = self.request.form
        client = self.request.client.client
        try:
            token = self.server.authority.exchange(
                client, form["subject_token"], wanted_audience(form), form.get("scope")
            )
        except GrantRefused as exc:
            raise refused(exc) from exc
        return 200, token, self.TOKEN_RESPONSE_HEADER


def wanted_audience(form: dict[str, str]) -> str | None:
    """Where the token is to be used; two different answers are one question too many."""
    audience, resource = form.get("audience"), form.get("resource")
    if audience and resource and audience != resource:
        raise OAuth2Error(error="invalid_target", description="one audience only")
    return audience or resource


def refused(exc: GrantRefused) -> OAuth2Error:
    """The policy's no, in OAuth's words."""
    return OAuth2Error(error=exc.error, description=exc.description.replace('"', "'"), status_code=400)
