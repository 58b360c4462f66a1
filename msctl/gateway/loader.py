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
from msctl.manifest.nodes import Mapping, child, items
from msctl.manifest.rules.context import Context, is_given
from msctl.manifest.rules.routes import check_clashes
from msctl.model.project import Route

_REMEDY = "'msctl gateway reference' prints one to begin with"


def load(path: Path) -> GatewayConfig:
    """The document at ``path``; raises ManifestInvalid with every problem in it."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as exc:
        raise ManifestInvalid(f"{path} cannot be read: {exc.strerror}", hint=_REMEDY) from exc
    except UnicodeDecodeError as exc:
        raise ManifestInvalid(f"{path} is not UTF-8 text", hint="save the file as UTF-8") from exc
    return _anchored(parse(text, str(path)), path.parent)


def parse(text: str, file: str = "gateway.yaml") -> GatewayConfig:
    """The document in ``text``; ``file`` is its name in messages."""
    findings = Findings(file, tuple(text.splitlines()))
    config: GatewayConfig | None = None
    try:
        root = Spot(compose(text, findings), (), findings)
        config = gateway(root)
        _check_references(config, root)
        _check_scopes(config, root)
        _check_clashes(root)
    except (Unreadable, Broken):
        config = None
    if config is None or findings.problems:
        raise ManifestInvalid(f"{file} is not a valid gateway document", findings.ordered())
    return config


def _anchored(config: GatewayConfig, folder: Path) -> GatewayConfig:
    """Files are named relative to the document."""
    auth, tls, consul, digest = config.auth, config.tls, config.consul, config.admin_digest_file
    if auth is not None and "://" not in auth.jwks:
        auth = replace(auth, jwks=str(folder / auth.jwks))
    if auth is not None and auth.exchange is not None:
        secret_file = str(folder / auth.exchange.secret_file)
        auth = replace(auth, exchange=replace(auth.exchange, secret_file=secret_file))
    if tls is not None:
        tls = replace(tls, certificate=str(folder / tls.certificate), key=str(folder / tls.key))
    if consul is not None and consul.token_file is not None:
        consul = replace(consul, token_file=str(folder / consul.token_file))
    if digest is not None:
        digest = str(folder / digest)
    return replace(config, auth=auth, tls=tls, consul=consul, admin_digest_file=digest)


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


def _check_scopes(config: GatewayConfig, root: Spot) -> None:
    """Nobody shall think a route guarded that is not."""
    if is_given(child(root.node, "auth")):
        return
    for index, route in enumerate(config.routes):
        if route.scopes:
            what = "without 'auth' no token is checked, and this route is open to all"
            root.along(("routes", index, "scopes"), what, "write 'auth: off' if that is meant")


def _check_clashes(root: Spot) -> None:
    nodes = items(child(root.node, "routes"))
    routes = [(node, ("routes", index)) for index, node in enumerate(nodes) if isinstance(node, Mapping)]
    check_clashes(Context(root.node, root.findings, root.findings, ()), routes)


def _services_of(route: Route) -> Iterator[str]:
    if route.service is not None:
        yield route.service
    yield from route.services
    for part in route.aggregate:
        yield parse_call(part.call).service
