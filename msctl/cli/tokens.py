"""``token issue|inspect|verify|revoke|keys|rotate-keys|clients``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from msctl.cli.context import Context

if TYPE_CHECKING:
    from msctl.orchestrator.token_admin import TokenAdmin

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
TokenFile = Annotated[
    Path,
    typer.Argument(metavar="[FILE]", help="File with the token; stdin by default, so that it can be piped."),
]
STDIN = Path("-")


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    group = typer.Typer(
        help="Access tokens: issue, look into, verify and revoke them; signing keys; clients.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    for command in (issue, inspect, verify, revoke, keys, clients):
        group.command()(command)
    group.command("rotate-keys")(rotate_keys)
    app.add_typer(group, name="token")


def issue(
    context: typer.Context,
    client: Annotated[str | None, typer.Option("--client", help="A client of auth.clients.")] = None,
    service: Annotated[str | None, typer.Option("--service", help="A service, as it calls others.")] = None,
    subject: Annotated[
        str | None, typer.Option("--subject", help="For whom; default: the client itself.")
    ] = None,
    audience: Annotated[str | None, typer.Option("--audience", help="gateway, or a service.")] = None,
    scope: Annotated[
        str | None, typer.Option("--scope", help="Scopes, separated by blanks; default: all.")
    ] = None,
    ttl: Annotated[str | None, typer.Option("--ttl", help="How long it is valid; default: 15m.")] = None,
) -> None:
    """Print an access token: the operator's, for the gateway and all that its routes ask for, or a client's.

    Examples:

      curl -H "Authorization: Bearer $(msctl token issue)" http://127.0.0.1:8080/api/orders

      msctl token issue --client web --subject ann --scope "orders:read" --ttl 1h

      msctl token issue --service orders --audience inventory
    """
    from msctl.cli.durations import seconds  # noqa: PLC0415
    from msctl.errors import UsageError  # noqa: PLC0415

    if client and service:
        raise UsageError("a token is a client's or a service's", "say --client or --service")
    wanted = {
        "client": client or service,
        "subject": subject,
        "audience": audience,
        "scope": scope,
        "ttl": None if ttl is None else seconds(ttl),
    }
    with _admin(context.obj) as admin:
        print(admin.issue({name: value for name, value in wanted.items() if value is not None}))


def inspect(context: typer.Context, token: TokenFile = STDIN, as_json: Json = False) -> None:
    """Decode a token and explain it; nothing is asked of anybody, and the signature is not checked.

    Examples:

      msctl token issue | msctl token inspect

      msctl token inspect token.txt --json
    """
    import time  # noqa: PLC0415

    from msctl.auth.reading import read  # noqa: PLC0415
    from msctl.report.tokens import reading_view  # noqa: PLC0415

    wired: Context = context.obj
    found = read(_token(token), time.time())
    if as_json:
        parts = {"header": found.header, "claims": found.claims, "notes": list(found.notes)}
        print(json.dumps(parts, indent=2))
    else:
        wired.consoles.answer.print(reading_view(found.header, found.claims, found.times, found.notes))


def verify(
    context: typer.Context,
    token: TokenFile = STDIN,
    jwks: Annotated[
        str | None, typer.Option("--jwks", help="File or URL of the keys; default: the project's.")
    ] = None,
    issuer: Annotated[str | None, typer.Option("--issuer", help="Who must have issued it.")] = None,
    audience: Annotated[
        str | None, typer.Option("--audience", help="For whom it must be; default: gateway.")
    ] = None,
    scope: Annotated[str | None, typer.Option("--scope", help="Scopes that it must have.")] = None,
    as_json: Json = False,
) -> None:
    """Verify a token as gateway and services do; exit code 1 and the reason if it is not good.

    Examples:

      msctl token issue | msctl token verify

      msctl token verify token.txt --jwks keys.json --issuer https://shop.example.com --audience orders
    """
    import time  # noqa: PLC0415

    from msctl.auth.refusal import TokenRefused  # noqa: PLC0415
    from msctl.cli.key_sets import of_project, offline  # noqa: PLC0415

    wired: Context = context.obj
    if jwks is not None:
        trust = offline(jwks, issuer, audience)
    else:
        with _admin(wired) as admin:
            public_url = wired.loaded.project.gateway.public_url
            trust = of_project(admin, issuer or public_url, audience or "gateway")

    answer: dict[str, Any]
    try:
        identity = trust.check(_token(token), time.time())
        missing = identity.missing(tuple((scope or "").split()))
        answer = {"valid": not missing, "sub": identity.subject, "client_id": identity.client}
        answer |= {"scope": " ".join(sorted(identity.scopes)), "act": list(identity.actors)}
        answer |= (
            {"reason": "insufficient-scope", "detail": f"it lacks {', '.join(missing)}"} if missing else {}
        )
    except TokenRefused as exc:
        answer = {"valid": False, "reason": exc.reason, "detail": exc.message}
    _tell_verdict(wired, answer, as_json=as_json)


def revoke(context: typer.Context, token: TokenFile = STDIN) -> None:
    """Revoke a token: gateway and services refuse it within a second, and what was exchanged for it too.

    Example:

      msctl token revoke token.txt
    """
    wired: Context = context.obj
    with _admin(wired) as admin:
        gone = admin.revoke(_token(token).decode("utf-8", "replace"))
    if not wired.quiet:
        wired.consoles.messages.print(f"revoked: token {gone['jti']} of {gone['sub']}", markup=False)


def keys(context: typer.Context, as_json: Json = False) -> None:
    """List the published keys: which signs, which will, which are kept until their last token is over.

    Example:

      msctl token keys
    """
    from msctl.report.tokens import keys_view  # noqa: PLC0415

    wired: Context = context.obj
    with _admin(wired) as admin:
        found = admin.keys()
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        wired.consoles.answer.print(keys_view(found))


def rotate_keys(context: typer.Context, as_json: Json = False) -> None:
    """Publish a new key, which signs once everybody has fetched it; tokens of the old one stay good.

    Example:

      msctl token rotate-keys
    """
    from msctl.report.tokens import keys_view  # noqa: PLC0415

    wired: Context = context.obj
    with _admin(wired) as admin:
        made = admin.rotate()
    if as_json:
        print(json.dumps(made, indent=2))
    else:
        wired.consoles.answer.print(keys_view([made]))


def clients(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[CLIENT]", help="The client whose secret to save.")
    ] = None,
    save: Annotated[Path | None, typer.Option("--save", help="New file that gets its secret.")] = None,
    as_json: Json = False,
) -> None:
    """List who gets tokens, for which audience and scopes; or save a client's generated secret to a file.

    Examples:

      msctl token clients

      msctl token clients web --save web.secret
    """
    from msctl.auth.members import directory  # noqa: PLC0415
    from msctl.errors import UsageError  # noqa: PLC0415
    from msctl.report.tokens import clients_view  # noqa: PLC0415

    wired: Context = context.obj
    if (name is None) != (save is None):
        raise UsageError(
            "a secret needs its client and a file", "such as 'msctl token clients web --save web.secret'"
        )
    if name is not None and save is not None:
        _save(wired, name, save)
        return
    found = [
        {"name": c.name, "kind": c.kind, "audiences": {a: list(s) for a, s in c.audiences.items()}}
        for c in directory(wired.loaded.project, {}, {}).clients.values()
    ]
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        wired.consoles.answer.print(clients_view(found))


def _save(wired: Context, name: str, path: Path) -> None:
    import os  # noqa: PLC0415

    from msctl.errors import MsctlError, UsageError  # noqa: PLC0415
    from msctl.orchestrator.credentials import client_secret  # noqa: PLC0415

    secret = client_secret(wired.workspace, name)
    if secret is None:
        raise UsageError(f"there is no secret of a client '{name}'", "'msctl up' makes those of the manifest")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{secret}\n")
    except OSError as exc:
        raise MsctlError(
            f"cannot write {path}: {exc.strerror}", "name a new file, whose folder is there"
        ) from exc
    if not wired.quiet:
        wired.consoles.messages.print(f"the secret of client '{name}' is in {path}", markup=False)


@contextmanager
def _admin(wired: Context) -> Iterator[TokenAdmin]:
    from msctl.errors import UsageError  # noqa: PLC0415
    from msctl.orchestrator.token_admin import TokenAdmin  # noqa: PLC0415

    if not wired.loaded.project.uses_auth:
        raise UsageError(
            "nothing in this manifest needs a token", "declare scopes under services.NAME.scopes"
        )
    with wired.access() as access:
        yield TokenAdmin(access)


def _token(path: Path) -> bytes:
    import sys  # noqa: PLC0415

    from msctl.errors import UsageError  # noqa: PLC0415

    if path == STDIN and sys.stdin.isatty():
        raise UsageError("no token came", "pipe one in, such as 'msctl token issue | msctl token inspect'")
    try:
        return (sys.stdin.buffer.read() if path == STDIN else path.read_bytes()).strip()
    except OSError as exc:
        raise UsageError(
            f"cannot read {path}: {exc.strerror}", "the argument is a file, never the token"
        ) from exc


def _tell_verdict(wired: Context, answer: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(answer, indent=2))
    elif answer["valid"]:
        acting = f" (acting: {', '.join(answer['act'])})" if answer["act"] else ""
        wired.consoles.answer.print(
            f"valid: {answer['sub']}{acting}, {answer['scope'] or 'no scopes'}", markup=False
        )
    else:
        wired.consoles.answer.print(f"refused: {answer['reason']}: {answer['detail']}", markup=False)
    if not answer["valid"]:
        raise typer.Exit(1)
