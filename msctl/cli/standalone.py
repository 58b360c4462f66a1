"""The gateway alone: what commands need of its document instead of a manifest and Docker."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from msctl.model.project import Route
    from msctl.orchestrator.admin import AdminAt

Config = Annotated[
    Path | None,
    typer.Option("--config", help="Document of a gateway that runs alone, instead of a manifest."),
]


def routes_of(config: Path) -> tuple[Route, ...]:
    """The routes of a gateway's document."""
    from msctl.gateway.loader import load  # noqa: PLC0415

    return load(config).routes


SecretFile = Annotated[
    Path | None,
    typer.Option("--secret-file", help="With --config: the secret whose digest is 'admin_digest_file'."),
]


def admin_of(config: Path, secret_file: Path | None = None) -> AdminAt:
    """The admin endpoint that a gateway's document names, with the secret for it."""
    from msctl.errors import UsageError  # noqa: PLC0415
    from msctl.gateway.loader import load  # noqa: PLC0415
    from msctl.orchestrator.admin import AdminAt  # noqa: PLC0415

    where = load(config).admin
    if where is None:
        raise UsageError(f"{config} has no admin endpoint", "add 'admin: 127.0.0.1:8081'")
    secret = secret_file.read_text(encoding="utf-8").strip() if secret_file is not None else None
    host = "127.0.0.1" if where.host == "0.0.0.0" else "::1" if where.host == "::" else where.host  # noqa: S104
    url = f"http://[{host}]:{where.port}" if ":" in host else f"http://{host}:{where.port}"
    return AdminAt(url, secret)
