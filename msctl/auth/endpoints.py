"""Introspection (RFC 7662), revocation (RFC 7009) and private_key_jwt (RFC 7523), on Authlib's parts."""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc6749.errors import InvalidClientError
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from msctl.auth.authority import Authority
from msctl.auth.compact import parse
from msctl.auth.identity import Identity
from msctl.auth.jose import read_public_key
from msctl.auth.oauth import AUTH_METHODS, KnownClient
from msctl.auth.refusal import KeySetRefused, TokenRefused
from msctl.auth.verifier import check_header, check_signature, check_times, text

LONGEST_ASSERTION = 600.0
"""Seconds that a client's assertion may be valid: so long its id has to be remembered."""


class IssuedToken:
    """A valid token of ours, as Authlib asks about it."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity

    def check_client(self, client: KnownClient) -> bool:
        """Whose it is; the operator's are all."""
        return client.client.kind == "operator" or client.get_client_id() == self.identity.client

    def is_expired(self) -> bool:
        """Never: an expired token is not found."""
        return False

    def is_revoked(self) -> bool:
        """Never: a revoked token is not found."""
        return False


def find(authority: Authority, token: str) -> IssuedToken | None:
    """The token, if it is one."""
    try:
        return IssuedToken(authority.identity(token))
    except TokenRefused:
        return None


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]
    """For whom the token is meant, whose it is, and the operator may ask; to others it is not active."""

    CLIENT_AUTH_METHODS = AUTH_METHODS

    def query_token(self, token_string: str, token_type_hint: str | None) -> IssuedToken | None:  # noqa: ARG002
        """The token, if it is valid."""
        return find(self.server.authority, token_string)

    def check_permission(self, token: IssuedToken, client: KnownClient, request: object) -> bool:  # noqa: ARG002
        """Whether ``client`` may know."""
        return client.get_client_id() in token.identity.audience or token.check_client(client)

    def introspect_token(self, token: IssuedToken) -> dict[str, Any]:
        """What it says."""
        identity = token.identity
        return {
            "active": True,
            "iss": identity.issuer,
            "sub": identity.subject,
            "aud": identity.audience[0] if len(identity.audience) == 1 else list(identity.audience),
            "client_id": identity.client,
            "scope": " ".join(sorted(identity.scopes)),
            "token_type": "Bearer",
            "jti": identity.token_id,
            "iat": int(identity.issued_at),
            "exp": int(identity.expires_at),
        }


class Revocation(RevocationEndpoint):  # type: ignore[misc]
    """A client gives up its token; what is no valid token needs no revoking."""

    CLIENT_AUTH_METHODS = AUTH_METHODS

    def query_token(self, token_string: str, token_type_hint: str | None) -> IssuedToken | None:  # noqa: ARG002
        """The token, if it is valid."""
        return find(self.server.authority, token_string)

    def revoke_token(self, token: IssuedToken, request: object) -> None:  # noqa: ARG002
        """Announce it to everybody."""
        self.server.authority.revoke(token.identity)


class PrivateKeyJwt(JWTBearerClientAssertion):  # type: ignore[misc]
    """A client proves itself with a token of its own, signed with its registered key, usable once."""

    CLIENT_AUTH_METHOD = "private_key_jwt"

    def __init__(self, authority: Authority) -> None:
        super().__init__()
        self._authority = authority

    def extract_assertion(self, assertion: str) -> tuple[Any, Any]:
        """Header and claims, nothing of it verified."""
        try:
            compact = parse(assertion.encode("utf-8", "surrogatepass"))
        except TokenRefused as exc:
            raise InvalidClientError(description=exc.message) from exc
        return compact.header, compact.payload

    def resolve_client_public_key(self, client: KnownClient) -> Any:
        """The registered key, in the form that Authlib wants to see."""
        try:
            return read_public_key(client.client.public_key).key
        except KeySetRefused as exc:
            raise InvalidClientError(description="the client has no key") from exc

    def process_assertion_claims(self, assertion: str, resolve_key: object) -> Any:  # noqa: ARG002
        """Verify with our own verifier, which pins the algorithm to the key."""
        try:
            compact = parse(assertion.encode("utf-8", "surrogatepass"))
            client = self._authority.client(text(compact.payload, "sub"))
            key = read_public_key(None if client is None else client.public_key)
            check_header(compact.header, None)
            check_signature(compact, key)
            self._check(compact.payload)
        except (TokenRefused, KeySetRefused) as exc:
            raise InvalidClientError(description=exc.message) from exc
        return compact.payload

    def _check(self, claims: Any) -> None:
        now = self._authority.clock()
        _, until = check_times({"iat": now, **claims}, now)
        if text(claims, "iss") != text(claims, "sub"):
            raise TokenRefused("issuer", "issuer and subject of an assertion are the client")
        audience = claims.get("aud")
        named = audience if isinstance(audience, list) else [audience]
        issuer = self._authority.directory.issuer
        if not {issuer, f"{issuer}/oauth/token"} & {one for one in named if isinstance(one, str)}:
            raise TokenRefused("audience", "the assertion is not for this server")
        if until > now + LONGEST_ASSERTION:
            raise TokenRefused("claims", "an assertion is valid for ten minutes at most")
        if not self._authority.first_use(f"{claims['sub']} {text(claims, 'jti')}", until):
            raise TokenRefused("claims", "the assertion was used before")
