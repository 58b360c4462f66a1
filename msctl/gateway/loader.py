"""Read the gateway's document strictly: every mistake in one run, each with its path and place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from msctl.errors import ManifestInvalid
from msctl.gateway.aggregate_plan import parse_call
from msctl.gateway.config import GatewayConfig
from msctl.gateway.reading import Broken, Spot
from msctl.gateway.schema import gateway
from msctl.manifest.compose import Unreadable, compose
from msctl.manifest.findings import Findings
from msctl.model.project import Route


def load(path: Path) -> GatewayConfig:
    """The document at ``path``; raises ManifestInvalid with every problem in it."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise ManifestInvalid(f"{path} cannot be read: {exc}") from exc
    return _anchored(parse(text, str(path)), path.parent)


def parse(text: str, file: str = "gateway.yaml") -> GatewayConfig:
    """The document in ``text``; ``file`` is its name in messages."""
    findings = Findings(file, tuple(text.splitlines()))
    config: GatewayConfig | None = None
    try:
        root = Spot(compose(text, findings), (), findings)
        config = gateway(root)
        _check_references(config, root)
    except (Unreadable, Broken):
        config = None
    if config is None or findings.problems:
        raise ManifestInvalid(f"{file} is not a valid gateway document", findings.ordered())
    return config


def _anchored(config: GatewayConfig, folder: Path) -> GatewayConfig:
    """Files are named relative to the document."""
    auth, tls = config.auth, config.tls
    if auth is not None and "://" not in auth.jwks:
        auth = replace(auth, jwks=str(folder / auth.jwks))
    if tls is not None:
        tls = replace(tls, certificate=str(folder / tls.certificate), key=str(folder / tls.key))
    return replace(config, auth=auth, tls=tls)


def _check_references(config: GatewayConfig, root: Spot) -> None:
    for index, route in enumerate(config.routes):
        for service in _services_of(route):
            if service not in config.services:
                what = f"service '{service}' is not among services"
                root.along(("routes", index, "path"), what)
    if config.auth is not None and config.auth.server not in (None, *config.services):
        root.along(("auth", "server"), f"service '{config.auth.server}' is not among services")
    for name, upstream in config.services.items():
        if upstream.instances is None and config.consul is None:
            path = ("services", name, "instances")
            root.along(path, "'consul' needs the top-level key 'consul'")


def _services_of(route: Route) -> Iterator[str]:
    if route.service is not None:
        yield route.service
    yield from route.services
    for part in route.aggregate:
        yield parse_call(part.call).service
