"""Asking the token endpoint, as gateway and services do: for a token in one's own name, or in exchange."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import quote

import aiohttp

from msctl.errors import MsctlError

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105
_AGAIN = 0.1


class TokenDenied(MsctlError):
    """The token endpoint said no; ``error`` is its OAuth 2.0 code."""

    code = "token-denied"

    def __init__(self, error: str, message: str) -> None:
        super().__init__(message)
        self.error = error


class AuthUnavailable(MsctlError):
    """The token endpoint did not answer in time."""

    code = "auth-unavailable"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A client of the token endpoint at ``url``."""

    url: str
    client: str
    secret: str = field(repr=False)

    @property
    def basic(self) -> str:
        """The value of ``Authorization`` (RFC 6749, 2.3.1)."""
        login = f"{quote(self.client, safe='')}:{quote(self.secret, safe='')}"
        return f"Basic {b64encode(login.encode()).decode('ascii')}"


@dataclass(frozen=True, slots=True)
class Obtained:
    """A token, the seconds that it lives, and what it allows."""

    token: str = field(repr=False)
    ttl: float
    scopes: tuple[str, ...]


class TokenEndpoint:
    """Asks again while auth is away, as long as the caller has time."""

    def __init__(
        self,
        credentials: Credentials,
        session: aiohttp.ClientSession,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._credentials = credentials
        self._session = session
        self._clock = clock
        self._sleep = sleep

    async def own(self, audience: str, seconds: float) -> Obtained:
        """A token for ``audience`` in the client's own name; raises ``TokenDenied``, ``AuthUnavailable``."""
        return await self._ask({"grant_type": "client_credentials", "audience": audience}, seconds)

    async def exchange(self, token: str, audience: str, seconds: float) -> Obtained:
        """A token for ``audience`` that speaks for the subject of ``token``."""
        form = {
            "grant_type": TOKEN_EXCHANGE,
            "subject_token": token,
            "subject_token_type": ACCESS_TOKEN,
            "audience": audience,
        }
        return await self._ask(form, seconds)

    async def _ask(self, form: Mapping[str, str], seconds: float) -> Obtained:
        until = self._clock() + seconds
        while True:
            try:
                return await self._once(form, max(0.001, until - self._clock()))
            except AuthUnavailable:
                if self._clock() + _AGAIN >= until:
                    raise
                await self._sleep(_AGAIN)

    async def _once(self, form: Mapping[str, str], seconds: float) -> Obtained:
        headers = {"Authorization": self._credentials.basic}
        timeout = aiohttp.ClientTimeout(total=seconds)
        try:
            async with self._session.post(
                self._credentials.url, data=form, headers=headers, timeout=timeout
            ) as answer:
                return _obtained(answer.status, await answer.read())
        except (aiohttp.ClientError, OSError, TimeoutError) as exc:
            raise AuthUnavailable(f"auth does not answer: {exc or type(exc).__name__}") from exc


def _obtained(status: int, body: bytes) -> Obtained:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        raise AuthUnavailable(f"auth answered {status}")
    try:
        answer = json.loads(body)
        if status == HTTPStatus.OK:
            scopes = tuple(str(answer.get("scope") or "").split())
            return Obtained(str(answer["access_token"]), float(answer["expires_in"]), scopes)
        error = str(answer["error"])
        raise TokenDenied(error, f"{error}: {answer.get('error_description', '')}")
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise AuthUnavailable(f"auth's answer ({status}) is not understood") from exc
