"""What a service is told by its container: environment variables, and files of secrets that they name."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from msctl.chassis.retries import seconds
from msctl.errors import MsctlError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Registration = Literal["self", "platform"]


class SettingsInvalid(MsctlError):
    """The container's environment contradicts the contract."""

    code = "settings-invalid"


@dataclass(frozen=True, slots=True)
class TokenSettings:
    """Whose tokens are accepted and where one's own come from."""

    issuer: str
    audience: str
    keys_url: str
    revoked_url: str | None = None
    token_url: str | None = None
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """One instance's place in its system; an absent URL means that there is no such component.

    ``event_retries`` are waits between tries, ``event_ordered`` the topic patterns whose events keep the
    order of their key.
    """

    project: str
    service: str
    instance: str
    port: int = 8000
    log_level: str = "info"
    stop_grace: float = 8.0
    registration: Registration = "platform"
    registry_address: str | None = None
    registry_token: str | None = field(default=None, repr=False)
    database_url: str | None = field(default=None, repr=False)
    broker_url: str | None = field(default=None, repr=False)
    event_retries: tuple[str, ...] = ("1s", "10s", "60s")
    event_ordered: tuple[str, ...] = ()
    tokens: TokenSettings | None = None


def read_text(path: str) -> str:
    """The text of a secret's file without its line end."""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsInvalid(f"cannot read {path}: {error.strerror}") from error


def read_settings(
    service: str, environment: Mapping[str, str], read: Callable[[str], str] = read_text
) -> Settings:
    """The settings of ``service``; every name has a default, so that it also runs outside a container."""

    def secret(name: str) -> str | None:
        path = environment.get(f"{name}_FILE")
        return read(path) if path else None

    registration = environment.get("MSCTL_REGISTRATION", "platform")
    if registration not in ("self", "platform"):
        raise SettingsInvalid(f"MSCTL_REGISTRATION is {registration!r}, not 'self' or 'platform'")
    return Settings(
        project=environment.get("MSCTL_PROJECT", "local"),
        service=environment.get("MSCTL_SERVICE", service),
        instance=environment.get("MSCTL_INSTANCE", f"{service}-local"),
        port=_port(environment.get("PORT", "8000")),
        log_level=environment.get("LOG_LEVEL", "info"),
        registration=cast("Registration", registration),
        registry_address=_web_address(environment.get("CONSUL_HTTP_ADDR")),
        registry_token=secret("CONSUL_HTTP_TOKEN"),
        database_url=secret("DATABASE_URL"),
        broker_url=secret("AMQP_URL"),
        event_retries=_waits(environment.get("MSCTL_EVENT_RETRIES", "1s,10s,60s")),
        event_ordered=_listed(environment.get("MSCTL_EVENT_ORDERED", "")),
        tokens=_tokens(environment, secret("OAUTH_CLIENT_SECRET")),
    )


def _tokens(environment: Mapping[str, str], client_secret: str | None) -> TokenSettings | None:
    """All of what verifying needs, or nothing; half of it would leave the door open by mistake."""
    needed = ("OAUTH_ISSUER", "OAUTH_AUDIENCE", "OAUTH_JWKS_URL")
    given = [environment[name] for name in needed if environment.get(name)]
    if not given:
        return None
    if len(given) < len(needed):
        raise SettingsInvalid(f"{', '.join(needed)} belong together, and not all are set")
    issuer, audience, keys_url = given
    return TokenSettings(
        issuer,
        audience,
        keys_url,
        revoked_url=environment.get("OAUTH_REVOKED_URL"),
        token_url=environment.get("OAUTH_TOKEN_URL"),
        client_id=environment.get("OAUTH_CLIENT_ID"),
        client_secret=client_secret,
    )


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) <= 65535:  # noqa: PLR2004
        raise SettingsInvalid(f"PORT is {text!r}, not a number from 0 to 65535")
    return int(text)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split(",") if item.strip())


def _waits(text: str) -> tuple[str, ...]:
    waits = _listed(text)
    for wait in waits:
        try:
            seconds(wait)
        except ValueError as error:
            raise SettingsInvalid(f"MSCTL_EVENT_RETRIES has {wait!r}, no wait such as 10s") from error
    return waits


def _web_address(address: str | None) -> str | None:
    if not address or "://" in address:
        return address
    return f"http://{address}"
